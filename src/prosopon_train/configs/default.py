"""Network of the default pack: synthetic faces, teacher-labelled real faces, FER+ votes.

prosopon-train run src/prosopon_train/configs/default.py --data DATA --run runs/default --start PACK

PACK is the default pack of version 0.2.0, whose 2.14 million examples this run goes on from, with a
second look at the landmarks and one more block; from random weights, leave ``--start`` out and
take 3 million images at a learning rate of 2e-3. DATA/synth_lids are 12,000 faces rendered with
``--lids 0.8 --seed 3``. Sources, weights and the schedule are those of the run's last part.
"""

from prosopon_train.config import Config, Source
from prosopon_train.losses import Weights

CONFIG = Config(
    sources=(
        Source("synth", 0.31, points=0.8, convention="synth_convention.npz"),
        Source("synth_lids", 0.12, points=0.8, convention="synth_convention.npz"),
        # The gaze teacher takes half of the head's turn for the eyes'; rendered eyes don't.
        Source("faces", 0.25, without=("gaze",)),
        Source("ferplus", 0.26, rarity=0.25),
        Source("backgrounds", 0.03),
        Source("false_faces", 0.03),
    ),
    images=900_000,
    settle=164_000,
    learning_rate=2.5e-3,
    weights=Weights(
        points=20.0,
        rotation=6.0,
        gaze=12.0,
        au=24.0,
        au_sides=8.0,
        emotion=1.2,
        eye_open=4.0,
        face=1.0,
        coannotation=1.5,
    ),
)
