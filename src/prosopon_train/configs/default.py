"""Network of the default pack: synthetic faces, teacher-labelled real faces, FER+ votes.

prosopon-train run src/prosopon_train/configs/default.py --data DATA --run runs/default
"""

from prosopon_train.config import Config, Source
from prosopon_train.losses import Weights

CONFIG = Config(
    sources=(
        Source("synth", 0.55, points=0.3),
        Source("faces", 0.20),
        Source("ferplus", 0.22),
        Source("backgrounds", 0.04),
        Source("false_faces", 0.06),
    ),
    images=1_290_000,
    weights=Weights(gaze=10.0, au=20.0, au_sides=8.0, rotation=4.0, points=20.0, face=1.0),
)
