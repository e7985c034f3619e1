"""Network of the default pack: synthetic faces, teacher-labelled real faces, FER+ votes.

prosopon-train run src/prosopon_train/configs/default.py --data DATA --run runs/default --start PACK

with ``--threads 1 --processes 2`` on two cores.

PACK is the default pack of version 0.3.0, whose 3 million examples this run goes on from, with one
more block and a direct way from single landmarks to the outputs; from random weights, leave
``--start`` out and take 3 million images. The weights of points and rotation are those of the run's
last 240,000 examples; before, they were 24 and 9. ``finish.py`` followed.
"""

from prosopon_train.config import Config, Source
from prosopon_train.losses import Weights

CONFIG = Config(
    sources=(
        Source("synth", 0.36, points=0.8, convention="synth_convention.npz"),
        Source("synth_lids", 0.10, points=0.8, convention="synth_convention.npz"),
        # The gaze teacher takes half of the head's turn for the eyes'; rendered eyes don't.
        Source("faces", 0.24, without=("gaze",)),
        Source("ferplus", 0.25, rarity=0.25),
        Source("backgrounds", 0.025),
        Source("false_faces", 0.025),
    ),
    images=1_200_000,
    settle=200_000,
    learning_rate=2.5e-3,
    weights=Weights(
        points=44.0,
        rotation=14.0,
        gaze=14.0,
        au=32.0,
        au_sides=10.0,
        emotion=1.2,
        eye_open=4.0,
        face=1.0,
        coannotation=1.5,
    ),
)
