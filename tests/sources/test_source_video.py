from __future__ import annotations

import subprocess
import sys
import zlib
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from media import MILLISECOND, corners, noise, quadrants, write_video
from prosopon.errors import InputError
from prosopon.sources import SelectedSource, Selection, Source
from prosopon.sources.damage import Damage
from prosopon.sources.video import VideoSource

FRAME = Fraction(1, 25)
IRREGULAR = (0, 40, 90, 200, 210, 500)


def _times(path: Path) -> list[float]:
    with VideoSource(path) as source:
        return [frame.time for frame in source]


@pytest.mark.parametrize(
    ("name", "codec"), [("a.mp4", "libx264"), ("a.mkv", "libx264"), ("a.webm", "libvpx")]
)
def test_irregular_times_are_exact(tmp_path: Path, name: str, codec: str) -> None:
    path = write_video(tmp_path / name, IRREGULAR, codec=codec)
    with VideoSource(path) as source:
        frames = list(source)
        assert (source.kind, source.path, source.size) == ("video", path, (64, 48))
        assert source.problems == []
    assert [frame.time for frame in frames] == [0.0, 0.04, 0.09, 0.2, 0.21, 0.5]
    assert [frame.index for frame in frames] == list(range(6))


def test_what_the_file_states(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", range(10), time_base=Fraction(1, 25))
    with VideoSource(path) as source:
        assert (source.frame_count_estimate, source.duration, source.fps) == (10, 0.4, 25.0)
        assert source.time_base is not None
        assert source.time_base.denominator % 25 == 0


def test_video_that_begins_after_the_sound(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", (400, 440, 500), sound=True)
    assert _times(path) == [0.4, 0.44, 0.5]


def test_transport_stream_counts_from_its_start(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.ts", (0, 40, 90, 200), noise())
    with av.open(str(path)) as container:
        assert container.start_time != 0
    assert _times(path) == [0.0, 0.04, 0.09, 0.2]


def test_gif_times(tmp_path: Path) -> None:
    path = write_video(
        tmp_path / "a.gif", (0, 8, 17, 50), codec="gif", pix_fmt="gray", time_base=Fraction(1, 100)
    )
    with VideoSource(path) as source:
        frames = list(source)
    assert [frame.time for frame in frames] == [0.0, 0.08, 0.17, 0.5]
    assert corners(frames[0].luma) == [50, 100, 150, 200]


def test_bare_stream_without_clock(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.h264", range(4), time_base=Fraction(1, 25))
    with VideoSource(path) as source:
        times = [frame.time for frame in source]
        assert np.diff(times).tolist() == pytest.approx([0.04] * 3)
        assert times[0] == 0.0
        assert source.problems == [
            f"{path}: 4 frames have no timestamp: their times follow the nominal frame rate"
        ]


@pytest.mark.parametrize(
    ("rotation", "mirrored", "expected"),
    [
        (0, False, [50, 100, 150, 200]),
        (-90, False, [150, 50, 200, 100]),
        (90, False, [100, 200, 50, 150]),
        (180, False, [200, 150, 100, 50]),
        (0, True, [100, 50, 200, 150]),
        (-90, True, [50, 150, 100, 200]),
    ],
)
def test_display_matrix(tmp_path: Path, rotation: int, mirrored: bool, expected: list[int]) -> None:
    path = write_video(tmp_path / "a.mp4", (0, 40), rotation=rotation, mirrored=mirrored)
    with VideoSource(path) as source:
        frame = next(iter(source))
        assert source.size == frame.size == ((48, 64) if abs(rotation) == 90 else (64, 48))
        assert corners(frame.color()) == expected
        # Luminance stays in the range of the stream, 16–235.
        assert corners(np.clip((frame.luma.astype(float) - 16) * 255 / 219, 0, 255)) == expected


def test_luma_is_the_decoders_plane(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mkv", (0, 40), noise(66, 50), options={})
    with av.open(str(path)) as container:
        expected = [frame.to_ndarray()[:50, :66] for frame in container.decode(video=0)]
    with VideoSource(path) as source:
        for frame, plane in zip(source, expected, strict=True):
            np.testing.assert_array_equal(frame.luma, plane)
            assert not frame.luma.flags.writeable
            assert cv2.resize(frame.luma, (10, 10)).shape == (10, 10)


@pytest.mark.parametrize("pix_fmt", ["yuv444p", "yuvj444p", "yuv420p10le", "gray"])
@pytest.mark.parametrize("size", [(67, 49), (64, 48)])
def test_pixel_formats_and_odd_sizes(tmp_path: Path, pix_fmt: str, size: tuple[int, int]) -> None:
    if pix_fmt == "yuv420p10le":
        size = size[0] // 2 * 2, size[1] // 2 * 2
    path = write_video(tmp_path / "a.mkv", (0, 40), quadrants(*size), pix_fmt=pix_fmt)
    with VideoSource(path) as source:
        frame = next(iter(source))
        assert source.size == frame.size == size
        assert frame.color().shape == (size[1], size[0], 3)
    values = np.array(corners(frame.luma))
    assert np.abs(values - [50, 100, 150, 200]).max() <= 20
    assert frame.luma.dtype == np.uint8


def test_frames_outlive_the_iteration(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", range(0, 400, 40))
    with VideoSource(path) as source:
        frames = list(source)
    levels = [int(frame.luma[40, 60]) for frame in frames]
    assert levels == sorted(levels)
    assert len(set(levels)) > 5


@pytest.mark.parametrize("codec", ["libx264", "mjpeg"])
def test_threads_give_the_same_frames_of_a_damaged_file(tmp_path: Path, codec: str) -> None:
    make = _moving if codec == "libx264" else _intra
    path = make(tmp_path / "a.mp4")
    content = bytearray(path.read_bytes())
    for place in np.random.default_rng(0).integers(5000, len(content) - 5000, 40):
        content[place] ^= 0xFF
    path.write_bytes(content)
    one, four = VideoSource(path, threads=1), VideoSource(path, threads=4)
    assert _pixels(one) == _pixels(four)
    assert list(one.damage) == list(four.damage) != []


def _moving(path: Path, *, open_gop: bool = False) -> Path:
    """120 frames with B-frames and a keyframe every 30."""
    options = {"bf": "3", "x264-params": f"keyint=30:scenecut=0:open-gop={int(open_gop)}"}
    return write_video(path, range(120), noise(96, 64), time_base=FRAME, stream_options=options)


def _pixels(source: Source) -> list[tuple[int, float, int]]:
    with source:
        return [(f.index, f.time, zlib.crc32(np.ascontiguousarray(f.luma))) for f in source]


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts", "a.avi", "a.h264"])
@pytest.mark.parametrize("open_gop", [False, True])
def test_b_frames_come_in_order_each_once(tmp_path: Path, name: str, open_gop: bool) -> None:
    with VideoSource(_moving(tmp_path / name, open_gop=open_gop)) as source:
        frames = [(frame.index, frame.time) for frame in source]
        assert not source.damage
    origin = frames[0][1]  # a transport stream's is that of its first packet
    assert [index for index, _ in frames] == list(range(120))
    assert [time - origin for _, time in frames] == pytest.approx([i / 25 for i in range(120)])


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts", "a.avi", "a.h264"])
@pytest.mark.parametrize("open_gop", [False, True])
def test_starting_in_the_middle_gives_the_same_frames(
    tmp_path: Path, name: str, open_gop: bool
) -> None:
    path = _moving(tmp_path / name, open_gop=open_gop)
    whole = [row for row in _pixels(VideoSource(path)) if 2.5 <= row[1] < 3.9]
    part = _pixels(SelectedSource(VideoSource(path), Selection(2.5, 3.9)))
    assert part == whole
    assert len(part) == 35


def test_starting_in_the_middle_decodes_little(tmp_path: Path) -> None:
    source = VideoSource(_moving(tmp_path / "a.mp4"))
    source.skip_to(4.0)  # frame 100, whose keyframe is 90
    assert next(iter(source)).index == 60
    source.close()


def _overwrite(path: Path, packets: Sequence[int]) -> None:
    """Zeros in place of these packets, counted in order of decoding."""
    content = bytearray(path.read_bytes())
    with av.open(str(path)) as container:
        places = [(p.pos, p.size) for p in container.demux(video=0) if p.size]
    for position, size in (places[i] for i in packets):
        content[position : position + size] = bytes(size)
    path.write_bytes(content)


def test_damage_within_a_group_is_told_up_to_the_next_keyframe(tmp_path: Path) -> None:
    path = _moving(tmp_path / "a.mp4")
    whole = _pixels(VideoSource(path))
    _overwrite(path, [40, 41])
    source = VideoSource(path)
    rows = _pixels(source)
    lost = {i for d in source.damage if d.lost for i in range(d.first, d.last + 1)}
    doubted = {i for d in source.damage if not d.lost for i in range(d.first, d.last + 1)}
    assert len(lost) == source.skipped == 2
    assert [row[0] for row in rows] == [i for i in range(120) if i not in lost]
    assert [row[:2] for row in rows] == [row[:2] for row in whole if row[0] not in lost]
    changed = {row[0] for row in rows if row != whole[row[0]]}
    assert changed <= doubted
    assert max(doubted) == 59


def test_group_without_its_keyframe_is_lost(tmp_path: Path) -> None:
    path = _moving(tmp_path / "a.mp4")
    _overwrite(path, [0])
    with VideoSource(path) as source:
        frames = [(frame.index, frame.time) for frame in source]
        assert list(source.damage) == [Damage(True, 0, 29, 0.0, 1.16)]
    assert frames == [(i, i / 25) for i in range(30, 120)]


def test_damage_before_the_start_is_not_told(tmp_path: Path) -> None:
    path = _moving(tmp_path / "a.mp4")
    _overwrite(path, [40, 41])
    source = SelectedSource(VideoSource(path), Selection(2.4))
    assert [row[0] for row in _pixels(source)] == list(range(60, 120))
    assert not source.damage
    assert source.skipped == 0


def test_edit_list_cuts_the_beginning(tmp_path: Path) -> None:
    path = write_video(
        tmp_path / "a.mp4", range(-17, 23), noise(), time_base=FRAME,
        stream_options={"bf": "2"},
    )  # fmt: skip
    with av.open(str(path)) as container:
        assert sum(p.is_discard for p in container.demux(video=0)) == 17
    with VideoSource(path) as source:
        assert [(frame.index, frame.time) for frame in source] == [(i, i / 25) for i in range(23)]
        assert not source.damage


def test_drop_frame_timecode_drops_no_frame(tmp_path: Path) -> None:
    path = write_video(
        tmp_path / "a.mov", range(40), time_base=Fraction(1001, 30000),
        metadata={"timecode": "00:00:59;10"},
    )  # fmt: skip
    assert _times(path) == [i * 1001 / 30000 for i in range(40)]


def _intra(path: Path) -> Path:
    """50 frames that don't depend on each other, with the index at the start of the file."""
    return write_video(
        path, range(0, 2000, 40), noise(160, 120), codec="mjpeg", pix_fmt="yuvj420p",
        options={"movflags": "faststart"} if path.suffix == ".mp4" else {},
    )  # fmt: skip


def test_truncated_mp4_gives_what_is_there(tmp_path: Path) -> None:
    path = _intra(tmp_path / "a.mp4")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with VideoSource(path) as source:
        frames = list(source)
        assert 15 < len(frames) < 35
        assert [frame.time for frame in frames] == [i / 25 for i in range(len(frames))]
        assert len([p for p in source.problems if "the file states 50 frames" in p]) == 1
        assert all(problem.startswith(f"{path}: ") for problem in source.problems)


def test_truncated_matroska_gives_what_is_there(tmp_path: Path) -> None:
    path = _intra(tmp_path / "a.mkv")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 4])
    with VideoSource(path) as source:
        assert 5 < len(list(source)) < 20
        assert any("the file states 2.000 s" in problem for problem in source.problems)


def test_mp4_without_its_index(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", range(0, 400, 40), noise())
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match=r"a\.mp4: damaged or cut-off video \(its index"):
        VideoSource(path)


def test_damaged_packets_are_skipped_and_counted(tmp_path: Path) -> None:
    path = _intra(tmp_path / "a.mp4")
    content = bytearray(path.read_bytes())
    with av.open(str(path)) as container:
        packets = [(p.pos, p.size) for p in container.demux(video=0) if p.pos is not None]
    for position, size in packets[20:23]:
        content[position : position + size] = bytes(size)
    path.write_bytes(content)
    with VideoSource(path) as source:
        times = [frame.time for frame in source]
        assert source.skipped == 3
        assert source.problems == []
        assert list(source.damage) == [Damage(True, 20, 22, 0.8, 0.88)]
        assert source.report() == (
            f"{path}: 3 frames that could not be decoded, left out: 20 to 22 (0.800 to 0.880 s)",
        )
    assert times == [i / 25 for i in range(50) if not 20 <= i < 23]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.mp4", b"this is not a video " * 99, "neither a video nor a picture"),
        ("a.txt", b"plain words " * 99, "no video in this file"),
    ],
)
def test_text(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        VideoSource(path)


def test_sound_only(tmp_path: Path) -> None:
    path = tmp_path / "a.m4a"
    with av.open(str(path), "w", format="mp4") as container:
        stream: Any = container.add_stream("aac", rate=8000, layout="mono")
        silence = av.AudioFrame.from_ndarray(
            np.zeros((1, 1024), np.float32), format="fltp", layout="mono"
        )
        silence.sample_rate, silence.pts = 8000, 0
        container.mux([*stream.encode(silence), *stream.encode(None)])
    with pytest.raises(InputError, match="no video in this file"):
        VideoSource(path)


def test_closing_twice_and_early(tmp_path: Path) -> None:
    source = VideoSource(write_video(tmp_path / "a.mp4", (0, 40, 80)))
    next(iter(source))
    source.close()
    source.close()


def test_time_base_of_the_overlay(tmp_path: Path) -> None:
    with VideoSource(write_video(tmp_path / "a.mkv", (0, 40))) as source:
        assert source.time_base == MILLISECOND


def test_pictures_don_t_load_ffmpeg() -> None:
    code = "import sys, prosopon.sources; sys.exit('av' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.shared
def test_every_frame_of_a_real_clip(shared: Path) -> None:
    with VideoSource(shared / "media" / "WolfgangLanger_Pexels.mp4") as source:
        times = [frame.time for frame in source]
        assert source.problems == []
    assert times == [i * 1001 / 24000 for i in range(472)]


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "count", "size", "last"),
    [
        ("face_noface.mov", 169, (960, 540), 97695 / 15360),
        ("no_face.mp4", 95, (960, 540), 48128 / 12288),  # an edit list cuts 3 of 98
        ("intel_head-pose-face-detection-male.gif", 62, (480, 270), 5.08),
        ("intel_head-pose-face-detection-female-and-male.gif", 56, (480, 270), 4.58),
    ],
)
def test_real_clips(
    shared: Path, name: str, count: int, size: tuple[int, int], last: float
) -> None:
    with VideoSource(shared / "media" / name) as source:
        assert source.size == size
        frames = [(frame.index, frame.time) for frame in source]
        assert source.problems == []
    assert len(frames) == count
    assert frames[-1] == (count - 1, pytest.approx(last, abs=1e-9))
