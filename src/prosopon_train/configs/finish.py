"""The last part of the default pack's network: smaller steps, batch norms as they are in use.

prosopon-train run src/prosopon_train/configs/finish.py --data DATA --run RUN --start PACK \\
    --threads 1 --processes 2

PACK is what ``default.py`` made. (The shipped weights went on from its checkpoint, with the
optimiser's state; a pack's batch norms are measured anew.)
"""

from dataclasses import replace

from prosopon_train.configs import default

CONFIG = replace(
    default.CONFIG,
    images=190_000,
    settle=190_000,
    batch=32,
    learning_rate=5e-4,
    warmup=3_000,
    seed=5,
    weights=replace(default.CONFIG.weights, points=60.0, rotation=16.0),
)
