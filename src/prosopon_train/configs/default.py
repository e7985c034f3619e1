"""Network of the default pack: synthetic faces, teacher-labelled real faces, FER+ votes.

    prosopon-train run src/prosopon_train/configs/default.py --data DATA --run runs/default
"""

from prosopon_train.config import Config, Source

CONFIG = Config(
    sources=(
        Source("synth", 0.36),
        Source("faces", 0.26),
        Source("ferplus", 0.33),
        Source("backgrounds", 0.05),
    ),
    images=900_000,
)
