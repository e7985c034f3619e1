"""Measure every face of one photograph: ``python examples/image.py photo.jpg``."""

import sys

import numpy as np

import prosopon

if len(sys.argv) != 2:
    sys.exit("usage: python examples/image.py PHOTO")
analyzer = prosopon.Analyzer()
faces = analyzer.image(sys.argv[1])
print(f"{len(faces)} faces")
for i in range(len(faces)):
    pitch, yaw, roll = np.degrees(faces["pose_euler"][i])
    emotion = faces.emotion_names[int(faces["emotion"][i].argmax())]
    smile = faces["au"][i, faces.au_names.index("AU12")]
    print(f"face {i}: box {faces['box'][i].round().astype(int).tolist()}")
    print(f"  head pitch {pitch:+.0f}°, yaw {yaw:+.0f}°, roll {roll:+.0f}°")
    print(f"  {emotion}, valence {faces['valence'][i]:+.2f}, AU12 {smile:.1f} of 5")
