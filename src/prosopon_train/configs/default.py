"""Network of the default pack: synthetic faces, teacher-labelled real faces, FER+ votes.

prosopon-train run src/prosopon_train/configs/default.py --data DATA --run runs/default --start PACK

with ``--threads 1 --processes 2`` on two cores.

PACK is the default pack of version 0.4.0, grown by close-ups, its dead channels woken. The shipped
weights took more parts than this one, see docs/runs.md; from random weights, leave ``--start`` and
``wake`` out and take 3 million images.
"""

from prosopon_train.config import Config, Source
from prosopon_train.losses import Weights

CONFIG = Config(
    sources=(
        Source("synth", 0.37, points=0.8, convention="synth_convention.npz"),
        Source("synth_lids", 0.09, points=0.8, convention="synth_convention.npz"),
        # The gaze teacher takes half of the head's turn for the eyes'; rendered eyes don't.
        Source("faces", 0.25, without=("gaze",)),
        Source("ferplus", 0.24, rarity=0.25),
        Source("backgrounds", 0.025),
        Source("false_faces", 0.025),
    ),
    images=350_000,
    settle=90_000,
    batch=32,
    learning_rate=1.3e-3,
    warmup=8_000,
    seed=23,
    wake=True,
    weights=Weights(
        points=60.0,
        guesses=25.0,
        rotation=16.0,
        gaze=14.0,
        au=32.0,
        au_sides=10.0,
        emotion=1.2,
        eye_open=4.0,
        face=1.0,
        coannotation=1.5,
    ),
)
