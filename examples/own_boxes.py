"""Use face boxes that you have already: ``python examples/own_boxes.py photo.jpg 120 80 260 250``.

A box is x0 y0 x1 y1 in pixels, from forehead to chin; several may follow one another. Without a
box the whole picture is taken as one face, as in data sets of cropped faces.
"""

import sys

import cv2
import numpy as np

import prosopon

if len(sys.argv) < 2 or len(sys.argv[2:]) % 4:
    sys.exit("usage: python examples/own_boxes.py PHOTO [X0 Y0 X1 Y1]...")
picture = cv2.imread(sys.argv[1])
if picture is None:
    sys.exit(f"{sys.argv[1]}: not an image that OpenCV can read")
height, width = picture.shape[:2]
numbers = [float(text) for text in sys.argv[2:]] or [0, 0, width, height]
boxes = np.reshape(numbers, (-1, 4))

faces = prosopon.Analyzer().image(picture, boxes=boxes)  # one row for each box, in order
for box, landmarks, confidence in zip(boxes, faces["landmarks"], faces["confidence"], strict=True):
    nose_x, nose_y = landmarks[30]
    print(
        f"box {box.tolist()}: nose tip at {nose_x:.1f}, {nose_y:.1f} (confidence {confidence:.2f})"
    )
