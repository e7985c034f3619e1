/** Made by web/constants.py from the default pack; do not edit. */

export const PACK = {
  "name": "default",
  "version": "0.5.0",
  "files": {
    "network-fp32.onnx": "d45075d28c539b90ffc3d468cedc77abe8be574ba528db1f2d5e4c2e89715b8f",
    "network-int8.onnx": "fea6f6177cd349d9099c02edd56d72498f6529803c46a39876ff15d439d09f2e",
    "detector.onnx": "258c62418a087d8edae1865aa13a45a595d40f450c1407e4270f280ed5812c87"
  },
  "networks": {
    "fp32": "network-fp32.onnx",
    "int8": "network-int8.onnx"
  },
  "precision": "int8",
  "detector": "detector.onnx",
  "size": 128,
  "landmarkOffset": [
    0.0086,
    0.0086
  ],
  "outputs": {
    "points": [
      0,
      156
    ],
    "points_scale": [
      156,
      78
    ],
    "rotation": [
      234,
      6
    ],
    "rotation_scale": [
      240,
      1
    ],
    "gaze": [
      241,
      6
    ],
    "gaze_scale": [
      247,
      2
    ],
    "au": [
      249,
      21
    ],
    "au_presence": [
      270,
      21
    ],
    "au_sides": [
      291,
      26
    ],
    "eye_open": [
      317,
      2
    ],
    "emotion": [
      319,
      8
    ],
    "affect": [
      327,
      2
    ],
    "face": [
      329,
      1
    ],
    "marks": [
      330,
      136
    ],
    "marks_scale": [
      466,
      68
    ]
  },
  "faceShape": [
    [
      -0.0008,
      -3.9891,
      -18.3512
    ],
    [
      -0.0008,
      7.0782,
      -26.1862
    ],
    [
      -0.0008,
      17.3058,
      -34.0672
    ],
    [
      -0.0008,
      29.3619,
      -41.6983
    ],
    [
      -12.5317,
      44.8685,
      -19.7192
    ],
    [
      -0.0008,
      45.4545,
      -26.6642
    ],
    [
      12.5301,
      44.8685,
      -19.7192
    ],
    [
      -44.5906,
      -0.8997,
      2.9636
    ],
    [
      -18.4387,
      0.9021,
      -2.9646
    ],
    [
      18.4403,
      0.8974,
      -2.9624
    ],
    [
      44.589,
      -0.8997,
      2.9636
    ]
  ]
};

export const DETECTOR = {
  "threshold": 0.6,
  "nms": 0.4,
  "longSide": 640,
  "farther": 3,
  "strides": [
    8,
    16,
    32,
    64
  ],
  "values": 15,
  "largestLogHalf": 9.0,
  "sure": 0.9,
  "doubtful": 0.35,
  "alignment": 64,
  "mostCandidates": 1000,
  "mostLooks": 16,
  "lookSize": 192,
  "lookWidth": 2.0,
  "sameFace": 0.4,
  "leastScore": 0.001,
  "secondChance": 0.2
};

export const TRACKING = {
  "detect_every": 15,
  "search_every": 5,
  "follow_score": 0.3,
  "admit_score": 0.55,
  "patience": 30,
  "overlap": 0.35,
  "max_faces": null,
  "double": 0.7,
  "still": 0.01,
  "stillRefinements": 2,
  "newcomerRefinements": 1
};

export const CROP = {
  "scale": 1.35,
  "forehead": 0.25
};

export const QUALITY = {
  "goodSide": 100.0,
  "goodContrast": 35.0,
  "goodSharpness": 0.25,
  "goodError": 0.03,
  "failure": 0.1,
  "eyeDistance": 0.9
};

export const RIGID = [
  27,
  28,
  29,
  30,
  31,
  33,
  35,
  36,
  39,
  42,
  45
];

export const AU_NAMES = [
  "AU01",
  "AU02",
  "AU04",
  "AU05",
  "AU06",
  "AU07",
  "AU09",
  "AU10",
  "AU12",
  "AU14",
  "AU15",
  "AU17",
  "AU18",
  "AU20",
  "AU22",
  "AU23",
  "AU24",
  "AU25",
  "AU26",
  "AU28",
  "AU45"
];

export const AU_MEANINGS = [
  "inner brow raiser",
  "outer brow raiser",
  "brow lowerer",
  "upper lid raiser",
  "cheek raiser",
  "lid tightener",
  "nose wrinkler",
  "upper lip raiser",
  "lip corner puller",
  "dimpler",
  "lip corner depressor",
  "chin raiser",
  "lip pucker",
  "lip stretcher",
  "lip funneler",
  "lip tightener",
  "lip pressor",
  "lips part",
  "jaw drop",
  "lip suck",
  "blink"
];

export const EMOTIONS = [
  "neutral",
  "happiness",
  "sadness",
  "surprise",
  "fear",
  "disgust",
  "anger",
  "contempt"
];
