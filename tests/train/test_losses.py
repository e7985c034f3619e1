import numpy as np
import pytest

torch = pytest.importorskip("torch")

from dataclasses import fields  # noqa: E402

from prosopon_train.data.schema import AU_NAMES, AU_SIDED, EMOTIONS, N_POINTS  # noqa: E402
from prosopon_train.losses import (  # noqa: E402
    TaskWeights,
    Weights,
    emotion_au_table,
    losses,
    rotation_6d,
    total,
)
from prosopon_train.model.outputs import OUTPUT_SIZE, OUTPUT_SLICES  # noqa: E402

pytestmark = pytest.mark.train

SHAPES = {
    "points": (N_POINTS, 2),
    "visible": (N_POINTS,),
    "rotation": (3, 3),
    "gaze": (2, 3),
    "au": (len(AU_NAMES),),
    "au_right": (len(AU_SIDED),),
    "au_left": (len(AU_SIDED),),
    "au_present": (len(AU_NAMES),),
    "eye_open": (2,),
    "emotion": (len(EMOTIONS),),
    "affect": (2,),
    "face": (),
    "points_weight": (),
}


def unlabelled(n=2):
    labels = {name: torch.full((n, *shape), torch.nan) for name, shape in SHAPES.items()}
    labels["points_weight"][:] = 1
    return labels


def outputs(n=2, **values):
    out = torch.zeros(n, OUTPUT_SIZE)
    out[:, OUTPUT_SLICES["rotation"]] = torch.tensor([1.0, 0, 0, 0, 1, 0])
    out[:, OUTPUT_SLICES["gaze"]] = torch.tensor([0.0, 0, -1, 0, 0, -1])
    for name, value in values.items():
        out[:, OUTPUT_SLICES[name]] = torch.as_tensor(value, dtype=torch.float32)
    return out.requires_grad_()


def detached(out, labels):
    return {name: t.detach() for name, t in losses(out, labels, emotion_au_table()).items()}


def test_what_is_not_said_is_not_learned():
    out = outputs()
    loss = total(losses(out, unlabelled(), emotion_au_table()), Weights())
    loss.backward()
    assert float(loss.detach()) == 0
    assert float(out.grad.abs().max()) == 0


def test_points_and_their_scale():
    labels = unlabelled()
    labels["points"][:] = 0
    labels["points"][:, :, 0] = 0.3
    terms = detached(outputs(points_scale=np.log(0.1)), labels)
    assert float(terms["points"]) == pytest.approx(0.3)
    assert float(terms["points_scale"]) == pytest.approx(0.3 / 0.1 + np.log(0.1), rel=1e-5)


def test_hidden_points_weigh_less():
    labels = unlabelled(1)
    labels["points"][:, :2] = torch.tensor([[0.1, 0], [0.4, 0]])
    labels["visible"][:, :2] = torch.tensor([1.0, 0])
    terms = detached(outputs(1), labels)
    assert float(terms["points"]) == pytest.approx((0.1 + 0.3 * 0.4) / 1.3, rel=1e-5)


def test_rotation_and_gaze_errors_are_angles():
    angle = 0.02
    labels = unlabelled(1)
    cos, sin = np.cos(angle), np.sin(angle)
    turn = torch.tensor([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]], dtype=torch.float32)
    labels["rotation"][:] = turn
    labels["gaze"][:] = turn @ torch.tensor([0.0, 0, -1])
    labels["eye_open"][:] = 1
    terms = detached(outputs(1), labels)
    assert float(terms["rotation"]) == pytest.approx(angle, rel=1e-2)
    assert float(terms["gaze"]) == pytest.approx(angle, rel=1e-2)


def test_rotation_6d_matches_inference():
    from prosopon.geometry import rotation_from_6d

    values = np.random.default_rng(0).normal(size=(5, 6))
    ours = rotation_6d(torch.from_numpy(values)).numpy()
    np.testing.assert_allclose(ours, rotation_from_6d(values), atol=1e-12)


def test_votes_draw_units_toward_the_expression():
    labels = unlabelled(1)
    labels["emotion"][:] = 0
    labels["emotion"][0, EMOTIONS.index("happiness")] = 1
    out = outputs(1)
    losses(out, labels, emotion_au_table())["coannotation"].backward()
    gradient = out.grad[0, OUTPUT_SLICES["au_presence"]]
    assert gradient[AU_NAMES.index("AU12")] < 0, "up"
    assert gradient[AU_NAMES.index("AU04")] > 0, "down"
    assert gradient[AU_NAMES.index("AU45")] == 0, "the table says nothing of blinks"
    pulled = out.grad[0, OUTPUT_SLICES["au"]]
    assert pulled[AU_NAMES.index("AU06")] != 0
    assert pulled[AU_NAMES.index("AU12")] == 0, "the teacher sees smiles better than voters tell"


def test_units_that_hold_a_prototype_are_a_soft_label():
    labels = unlabelled(2)
    labels["au"][:] = 0
    for name in ("AU04", "AU15", "AU01"):
        labels["au"][0, AU_NAMES.index(name)] = 3
    labels["au"][1, AU_NAMES.index("AU04")] = 3  # sadness needs AU15 too
    out = outputs(2)
    losses(out, labels, emotion_au_table())["coannotation_emotion"].backward()
    gradient = out.grad[:, OUTPUT_SLICES["emotion"]]
    assert gradient[0].argmin() == EMOTIONS.index("sadness")
    assert float(gradient[1].abs().max()) == 0


def test_matching_follows_the_predicted_emotion():
    labels = unlabelled(1)
    labels["face"][:] = 1
    logits = torch.zeros(1, len(EMOTIONS))
    logits[0, EMOTIONS.index("happiness")] = 9
    out = outputs(1, emotion=logits)
    terms = losses(out, labels, emotion_au_table())
    (terms["matching"] + terms["matching_affect"]).backward()
    assert out.grad[0, OUTPUT_SLICES["au_presence"]][AU_NAMES.index("AU12")] < 0
    assert out.grad[0, OUTPUT_SLICES["affect"]][0] < 0, "valence goes up"
    assert float(out.grad[0, OUTPUT_SLICES["emotion"]].abs().max()) == 0, "only told, not learned"


def test_concordance_loss_is_that_of_lin():
    labels = unlabelled(4)
    truth = torch.tensor([[-0.5, 0.1], [0.0, 0.2], [0.5, 0.4], [0.2, 0.3]])
    labels["affect"][:] = truth
    exact = detached(outputs(4, affect=torch.atanh(truth)), labels)
    assert float(exact["affect_ccc"]) == pytest.approx(0, abs=5e-3)
    flat = detached(outputs(4, affect=0.0), labels)
    assert float(flat["affect_ccc"]) == pytest.approx(1, abs=1e-6)


def test_votes_overrule_the_teacher_where_it_is_deaf():
    labels = unlabelled(1)
    labels["au"][0, AU_NAMES.index("AU04")] = 5
    assert float(detached(outputs(1), labels)["au"]) > 0
    labels["emotion"][:] = 1 / len(EMOTIONS)
    assert float(detached(outputs(1), labels)["au"]) == 0


def test_learned_weights_begin_as_the_given_ones():
    terms = {f.name: torch.tensor(1.0) for f in fields(Weights)}
    combine = TaskWeights(Weights())
    constant = len(combine.learned) * np.log(1.5)
    expected = float(total(terms, Weights())) + constant
    assert float(combine(terms).detach()) == pytest.approx(expected, rel=1e-5)
    combine({**terms, "points": torch.tensor(100.0)}).backward()
    gradient = combine.p.grad
    assert gradient[combine.learned.index("points")] < 0, "a large loss asks for a larger p"
