"""Network of the research pack: the default one, trained on with people's marks. Research only.

prosopon-train run src/prosopon_train/configs/research.py --data DATA --run RUN --start default

DATA holds the default pack's shards and ``landmarks68``; five minutes on one core. Folds are
made by ``teachers.shards landmarks68 --without``. Batch norms keep their statistics throughout.
"""

from prosopon_train.config import Config, Source
from prosopon_train.losses import Weights

CONFIG = Config(
    sources=(
        Source("landmarks68", 0.40),
        Source("synth", 0.20, points=0.1, convention="synth_convention.npz"),
        Source("faces", 0.12, points=0.1, without=("gaze",)),
        Source("ferplus", 0.20, points=0.1, rarity=0.25),
        Source("backgrounds", 0.03),
        Source("false_faces", 0.05),
    ),
    images=50_000,
    settle=50_000,
    learning_rate=5e-4,
    warmup=4_000,
    ema=0.99,
    weights=Weights(gaze=10.0, au=20.0, au_sides=8.0, rotation=5.0, points=30.0, face=1.0),
)
