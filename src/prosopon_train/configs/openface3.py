"""OpenFace 3.0's multitask network by its published recipe (Hu et al., arXiv 2506.02891).

prosopon-train run src/prosopon_train/configs/openface3.py --data DATA --run runs/openface3

DATA holds the folders affectnet, disfa and mpiifacegaze as their owners hand them out. Expected by
the paper: AffectNet-8 accuracy 0.60, DISFA mean F1 0.59. Not reproduced here, for want of the
licensed data: the published run starts from a trunk trained on ImageNet, this one from random
weights unless they are loaded. Gaze is split by person, where the published code splits by image.
"""

from prosopon_train.benchmarks.examples import colour
from prosopon_train.benchmarks.recipe import Recipe, Stage
from prosopon_train.benchmarks.tasks import OPENFACE3_COLUMNS, OpenFace3Terms
from prosopon_train.openface3.mtl import INPUT_SIZE, MultitaskNetwork

RECIPE = Recipe(
    train=("affectnet:train8", "disfa:train1", "mpiifacegaze:without=p00"),
    test=("affectnet:8", "disfa:fold1", "mpiifacegaze:person=p00"),
    picture=colour(INPUT_SIZE),
    network=MultitaskNetwork,
    terms=OpenFace3Terms,
    weights={"emotion": 1.0, "gaze": 1.0, "au": 1.0},
    columns=OPENFACE3_COLUMNS,
    stages=(Stage(5, frozen=("base_model.",)), Stage(15)),
    batch=16,
    weight_decay=5e-4,
)
