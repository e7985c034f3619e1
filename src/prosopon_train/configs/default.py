"""Network of the default pack: synthetic faces, teacher-labelled real faces, FER+ votes.

    prosopon-train run src/prosopon_train/configs/default.py --data DATA --run runs/default
"""

from prosopon_train.config import Config, Source

CONFIG = Config(
    sources=(
        Source("synth", 0.30, points=0.3),
        Source("faces", 0.28),
        Source("ferplus", 0.36),
        Source("backgrounds", 0.06),
    ),
    images=1_000_000,
)
