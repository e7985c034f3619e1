"""Network of the default pack: synthetic faces, teacher-labelled real faces, FER+ votes.

prosopon-train run src/prosopon_train/configs/default.py --data DATA --run runs/default --start PACK

PACK is the default pack of version 0.1.0, whose 1.29 million examples this run goes on from;
without it, from random weights, take 2 million images at a learning rate of 2e-3.
"""

from prosopon_train.config import Config, Source
from prosopon_train.losses import Weights

CONFIG = Config(
    sources=(
        Source("synth", 0.46, points=0.8, convention="synth_convention.npz"),
        Source("faces", 0.22),
        Source("ferplus", 0.25, rarity=0.25),
        Source("backgrounds", 0.03),
        Source("false_faces", 0.04),
    ),
    images=850_000,
    learning_rate=1e-3,
    weights=Weights(gaze=10.0, au=20.0, au_sides=8.0, rotation=5.0, points=20.0, face=1.0),
)
