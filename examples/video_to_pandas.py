"""Measure a clip and summarise it with pandas: ``python examples/video_to_pandas.py clip.mp4``.

Needs pandas: ``pip install 'prosopon[pandas]'``.
"""

import sys
from pathlib import Path

import prosopon

clip = sys.argv[1] if len(sys.argv) > 1 else Path(__file__).with_name("clip.mp4")
table = prosopon.analyze(clip).to_pandas()

seen = table[table["success"] == 1]
print(f"{table['frame'].nunique()} frames, a face in {seen['frame'].nunique()} of them")

# Time is the video's own, in seconds: group by it, not by frame numbers.
per_second = seen.groupby(seen["time"].astype(int))[["AU12", "AU45", "gaze_yaw", "valence"]].mean()
print(per_second.round(2).to_string())
