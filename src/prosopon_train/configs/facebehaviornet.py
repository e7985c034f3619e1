"""Expression, action units, valence and arousal together, as FaceBehaviorNet couples them.

prosopon-train run src/prosopon_train/configs/facebehaviornet.py --data DATA --run runs/behaviour

DATA holds the folders affectnet, disfa and affwild2 as their owners hand them out. Expected by the
paper (Kollias et al., arXiv 1910.11111): coupled tasks beat tasks learned apart; its network is
larger than ours, whose figures are not known for want of the licensed data.
"""

from prosopon_train.benchmarks.examples import luminance
from prosopon_train.benchmarks.recipe import Recipe, Stage
from prosopon_train.benchmarks.tasks import JOINT_WEIGHTS, FaceBehaviorTerms
from prosopon_train.data.schema import AU_NAMES, EMOTIONS, NETWORK_SIZE
from prosopon_train.model.network import FaceNetwork
from prosopon_train.model.outputs import OUTPUT_SLICES


def _places(name: str) -> range:
    where = OUTPUT_SLICES[name]
    return range(where.start, where.stop)


RECIPE = Recipe(
    train=("affectnet:train8", "disfa:train1", "affwild2:train-va"),
    test=("affectnet:8", "disfa:fold1", "affwild2:va"),
    picture=luminance(NETWORK_SIZE),
    network=FaceNetwork,
    terms=FaceBehaviorTerms,
    weights=JOINT_WEIGHTS,
    columns={
        "emotion": _places("emotion"),
        "emotion_order": range(len(EMOTIONS)),
        "au": _places("au_presence"),
        "units": range(len(AU_NAMES)),
        "affect": _places("affect"),
    },
    stages=(Stage(20, learning_rate=1e-3),),
    batch=64,
    weight_decay=0.02,
    learned=False,
)
