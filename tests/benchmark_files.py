"""The benchmarks' files in their true format, a few rows each, of pictures made here."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

SIDE = 96


def face(seed: int = 0, side: int = SIDE) -> np.ndarray:
    """A (side, side, 3) picture that differs with its seed."""
    return np.random.default_rng(seed).integers(0, 255, (side, side, 3), dtype=np.uint8)


def save(path: Path, image: np.ndarray | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), face() if image is None else image)
    return path


def text(path: Path, *rows: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def points(n: int) -> np.ndarray:
    """(n, 2) px inside a picture; the outer eye corners of 68 are 40 px apart, of 98 30."""
    found = np.random.default_rng(n).uniform(20, 80, (n, 2))
    right, left, apart = (36, 45, 40) if n == 68 else (60, 72, 30)
    found[right], found[left] = (30, 40), (30 + apart, 40)
    return found.round(3)


def cells(*values: object) -> np.ndarray:
    """A MATLAB column of cells."""
    array = np.empty((len(values), 1), object)
    for i, value in enumerate(values):
        array[i, 0] = value
    return array


def mat(path: Path, **content: object) -> Path:
    io = pytest.importorskip("scipy.io")
    path.parent.mkdir(parents=True, exist_ok=True)
    io.savemat(path, content)
    return path


def video(path: Path, frames: int) -> Path:
    """A video of grey frames that grow lighter by 20 levels each."""
    path.parent.mkdir(parents=True, exist_ok=True)
    code = cv2.VideoWriter.fourcc(*("jpeg" if path.suffix == ".mov" else "MJPG"))
    writer = cv2.VideoWriter(str(path), code, 20, (SIDE, SIDE))
    for i in range(frames):
        writer.write(np.full((SIDE, SIDE, 3), 20 * (i % 12), np.uint8))
    writer.release()
    return path


def w300(root: Path) -> None:
    marks = [f"{x + 1} {y + 1}" for x, y in points(68)]
    for folder, suffix in (
        ("helen/testset", "jpg"),
        ("lfpw/testset", "png"),
        ("ibug", "jpg"),
        ("afw", "jpg"),
        ("helen/trainset", "jpg"),
        ("lfpw/trainset", "png"),
    ):
        text(root / folder / "a_1.pts", "version: 1", "n_points:  68", "{", *marks, "}")
        save(root / folder / f"a_1.{suffix}")


def wflw(root: Path) -> None:
    marks = " ".join(str(v) for v in points(98).ravel())
    lists = root / "WFLW_annotations/list_98pt_rect_attr_train_test"
    for split in ("train", "test"):
        text(
            lists / f"list_98pt_rect_attr_{split}.txt",
            f"{marks} 20 20 80 80 1 0 0 0 1 0 0--Parade/a.jpg",
            f"{marks} 20 20 80 80 0 0 0 0 0 0 1--Handshaking/b.jpg",
        )
    save(root / "WFLW_images/0--Parade/a.jpg")
    save(root / "WFLW_images/1--Handshaking/b.jpg")


def cofw68(root: Path) -> None:
    h5py = pytest.importorskip("h5py")
    folder = root / "COFW68_Data"
    hidden = np.zeros((68, 1), np.uint8)
    mat(folder / "test_annotations/1_points.mat", Points=points(68) + 1, Occ=hidden)
    hidden[:40] = 1
    mat(folder / "test_annotations/2_points.mat", Points=points(68) + 1, Occ=hidden)
    mat(folder / "cofw68_test_bboxes.mat", bboxes=np.array([[21, 21, 60, 60], [11, 21, 70, 60]]))
    with h5py.File(folder / "COFW_test_color.mat", "w") as file:
        colour = file.create_dataset("#refs#/a", data=face(1)[:, :, ::-1].T)
        grey = file.create_dataset("#refs#/b", data=face(2)[:, :, 0].T)
        refs = np.array([[colour.ref, grey.ref]], h5py.ref_dtype)
        file.create_dataset("IsT", data=refs, dtype=h5py.ref_dtype)


def aflw2000(root: Path) -> None:
    # (pitch, yaw, roll), rad; the last is beyond 99° and left out.
    for name, angles in (("image00002", (0.1, 0.5, -0.2)), ("image00004", (0, 2.0, 0))):
        para = np.array([[*angles, 0, 0, 0, 0.001]])
        marks = np.concatenate([points(68).T, np.zeros((1, 68))])
        mat(root / f"AFLW2000/{name}.mat", Pose_Para=para, pt3d_68=marks)
        save(root / f"AFLW2000/{name}.jpg")


def biwi(root: Path) -> None:
    for sequence in ("01", "17"):
        text(
            root / f"hpdb/{sequence}/frame_00003_pose.txt",
            "0.8 0.0 -0.6 ",
            "0.0 1.0 0.0 ",
            "0.6 0.0 0.8 ",
            "",
            "34.0 56.0 900.0 ",
        )
        save(root / f"hpdb/{sequence}/frame_00003_rgb.png")


def disfa(root: Path) -> None:
    for subject in ("SN001", "SN003", "SN006"):
        for unit in (1, 2, 4, 5, 6, 9, 12, 15, 17, 20, 25, 26):
            levels = (0, 3 if unit == 12 else 1)
            text(
                root / f"ActionUnit_Labels/{subject}/{subject}_au{unit}.txt",
                *(f"{frame},{level}" for frame, level in enumerate(levels, start=1)),
            )
        video(root / f"Videos_LeftCamera/LeftVideo{subject}_comp.avi", 2)


def disfaplus(root: Path) -> None:
    for subject in ("SN001", "SN003"):
        for unit in (1, 2, 4, 5, 6, 9, 12, 15, 17, 20, 25, 26):
            text(
                root / f"Labels/{subject}/A1_AU1_TrailNo_1/AU{unit}.txt",
                "Image     Intensity",
                f"000.jpg     {2 if unit == 1 else 0}",
                "001.jpg     1",
            )
        for name in ("000", "001"):
            save(root / f"Images/{subject}/A1_AU1_TrailNo_1/{name}.jpg")


def bp4d(root: Path) -> None:
    heading = ",".join(map(str, range(28)))
    absent = ["0"] * 27
    coded = list(absent)
    coded[11], coded[1] = "1", "9"  # AU12 present, AU2 not coded
    for session in ("F001_T1", "F003_T1", "F004_T1"):
        text(
            root / f"AUCoding/AU_OCC/{session}.csv",
            heading,
            ",".join(["7", *absent]),
            ",".join(["8", *coded]),
        )
        subject, task = session.split("_")
        for frame in (7, 8):
            save(root / f"2D+3D/{subject}/{task}/{frame:04}.jpg")
    text(root / "AUCoding/AU_INT/AU12/F001_T1_AU12.csv", "7,0", "8,4")


def affectnet(root: Path) -> None:
    heading = (
        "subDirectory_filePath,face_x,face_y,face_width,face_height,facial_landmarks,"
        "expression,valence,arousal"
    )
    rows = (
        "1/a.jpg,10,12,60,64,1;2;3,1,0.8,0.2",
        "1/b.jpg,10,12,60,64,1;2;3,7,-0.5,0.5",
        "1/c.jpg,10,12,60,64,1;2;3,8,-2,-2",
    )
    for name in ("training", "validation"):
        text(root / f"Manually_Annotated_file_lists/{name}.csv", heading, *rows)
    for name in "abc":
        save(root / f"Manually_Annotated_Images/1/{name}.jpg")


def affectnet_arrays(root: Path) -> None:
    """The other way that AffectNet is handed out."""
    for folder in ("train_set", "val_set"):
        for name, label in (("0", 3), ("1", 7), ("10", 0)):
            save(root / folder / f"images/{name}.jpg")
            values = {"exp": str(label), "val": "0.25", "aro": "-2"}
            (root / folder / "annotations").mkdir(exist_ok=True)
            for kind, value in values.items():
                np.save(root / folder / f"annotations/{name}_{kind}.npy", np.array(value))


def rafdb(root: Path) -> None:
    text(
        root / "basic/EmoLabel/list_patition_label.txt",
        "train_00001.jpg 5",
        "test_0001.jpg 4",
        "test_0002.jpg 7",
    )
    save(root / "basic/Image/original/test_0001.jpg")
    text(root / "basic/Annotation/boundingbox/test_0001_boundingbox.txt", "10.5 12 70 80 ")
    for name in ("train_00001", "test_0002"):
        save(root / f"basic/Image/aligned/{name}_aligned.jpg")


def rafdb_compound(root: Path) -> None:
    text(root / "compound/EmoLabel/list_patition_label.txt", "train_0001.jpg 1", "test_0001.jpg 7")
    save(root / "compound/Image/aligned/train_0001_aligned.jpg")
    save(root / "compound/Image/aligned/test_0001_aligned.jpg")


def fer2013(root: Path) -> None:
    pixels = " ".join(map(str, face(3, 48)[:, :, 0].ravel()))
    usages = ("Training", "PublicTest", "PrivateTest", "PrivateTest")
    rows = [f"{label},{pixels},{usage}" for label, usage in enumerate(usages)]
    text(root / "fer2013.csv", "emotion,pixels,Usage", *rows)


def fer2013plus(root: Path) -> None:
    fer2013(root)
    text(
        root / "fer2013new.csv",
        "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,"
        "unknown,NF",
        "Training,fer0000000.png,8,1,1,0,0,0,0,0,0,0",
        "PublicTest,fer0028638.png,0,10,0,0,0,0,0,0,0,0",
        "PrivateTest,fer0032220.png,2,0,0,6,1,1,0,0,0,0",
        "PrivateTest,fer0032221.png,5,5,0,0,0,0,0,0,0,0",
    )


def affwild2(root: Path) -> None:
    units = "AU1,AU2,AU4,AU6,AU7,AU10,AU12,AU15,AU23,AU24,AU25,AU26"
    files = {
        "VA_Estimation_Challenge": ("valence,arousal", "0.4,-0.2", "-5,-5", "0.1,0.1", "0.2,0.2"),
        "EXPR_Classification_Challenge": ("Neutral,Anger,Disgust,…", "4", "-1", "7", "0"),
        "AU_Detection_Challenge": (
            units,
            ",".join("100000100000"),
            ",".join(["-1"] * 12),
            ",".join(["1", "-1", *"0000000000"]),
            ",".join("000000000000"),
        ),
    }
    for task, rows in files.items():
        for part in ("Train_Set", "Validation_Set"):
            text(root / "annotations" / task / part / "1-30-1280x720.txt", *rows)
    for frame in (1, 2, 3):  # no face was cut out of frame 4
        save(root / f"cropped_aligned/1-30-1280x720/{frame:05}.jpg")


def mpiifacegaze(root: Path) -> None:
    marks = "30 40 45 40 55 40 70 40 40 70 60 70"
    for person in ("p00", "p01"):
        text(
            root / person / f"{person}.txt",
            f"day01/0005.jpg 300 400 {marks} 0 0 0 0 0 600 10 0 600 10 0 0 left",
            f"day01/0006.jpg 300 400 {marks} 0 0 0 0 0 600 0 0 600 600 0 0 right",
        )
        save(root / person / "day01/0005.jpg")
        save(root / person / "day01/0006.jpg")


def mpiigaze(root: Path) -> None:
    eye = {
        "image": np.arange(2 * 36 * 60, dtype=np.uint8).reshape(2, 36, 60),
        "gaze": np.array([[0.0, 0.0, -1.0], [0.6, 0.0, -0.8]]),
        "pose": np.zeros((2, 3)),
    }
    mat(
        root / "Data/Normalized/p00/day01.mat",
        data={"left": eye, "right": eye},
        filenames=cells("0003.jpg", "0005.jpg"),
    )
    text(
        root / "Evaluation Subset/sample list for eye image/p00.txt",
        "day01/0005.jpg left",
        "day01/0003.jpg right",
    )


def gaze360(root: Path) -> None:
    rows = 5
    names = np.empty((1, 2), object)
    names[0, 0], names[0, 1] = "rec_000", "rec_001"
    faces = np.full((rows, 4), 0.1)
    faces[3] = -1
    mat(
        root / "metadata.mat",
        recordings=names,
        recording=np.array([[0, 0, 1, 1, 1]]),
        frame=np.array([[1, 2, 3, 4, 5]]),
        person_identity=np.array([[0, 0, 0, 0, 0]]),
        person_face_bbox=faces,
        gaze_dir=np.array([[0, 0, -1.0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [-0.6, 0, -0.8]]),
        split=np.array([[0, 1, 2, 2, 2]]),
    )
    for recording, frame in (("rec_000", 1), ("rec_000", 2), *(("rec_001", f) for f in (3, 4, 5))):
        save(root / f"imgs/{recording}/head/000000/{frame:06}.jpg")


def ethxgaze(root: Path) -> None:
    h5py = pytest.importorskip("h5py")
    names = ["subject0000.h5", "subject0003.h5"]
    root.mkdir(parents=True, exist_ok=True)
    (root / "train_test_split.json").write_text(json.dumps({"train": names, "test": []}))
    (root / "train").mkdir()
    for name in names:
        with h5py.File(root / "train" / name, "w") as file:
            file["face_patch"] = np.stack([face(5, 224), face(6, 224)])
            file["face_gaze"] = np.radians([[0.0, 0.0], [10.0, 30.0]])


def eyediap(root: Path) -> None:
    for session, target in (
        ("1_A_DS_S", "screen_coordinates.txt"),
        ("2_A_FT_M", "ball_tracking.txt"),
    ):
        folder = root / "Data" / session
        rows = ("[resolution]", "640;480", "[intrinsics]", "500;0;320", "0;500;240", "0;0;1")
        turn = ("[R]", "1;0;0", "0;-1;0", "0;0;-1", "[T]", "0.1", "0", "0")
        text(folder / "rgb_vga_calibration.txt", *rows, *turn)
        eyes = "0;" * 12 + "-0.03;0;-0.9;0.03;0;-0.9"
        text(folder / "eye_tracking.txt", "Frame;…", f"0;{eyes}", f"1;{eyes}", f"15;{eyes}")
        text(folder / target, "Frame;…", "0;0;0;0;0;0", "1;9;9;0;0;0.1", "15;9;9;0;0;0.1")
        video(folder / "rgb_vga.mov", 16)
    text(
        root / "Annotations/GazeState/GazeStateExport/Data/1_A_DS_S/gaze_state.txt",
        "0\tOK",
        "15\tOK",
    )


def columbia(root: Path) -> None:
    for name in ("0001_2m_0P_0V_0H", "0001_2m_-15P_10V_-5H", "0002_2m_30P_0V_15H"):
        save(root / f"Columbia Gaze Data Set/{name[:4]}/{name}.jpg")


def widerface(root: Path) -> None:
    folder = root / "eval_tools/ground_truth"
    boxes = np.array([[10, 10, 40, 40], [60, 60, 10, 10]])
    mat(
        folder / "wider_face_val.mat",
        event_list=cells("0--Parade"),
        file_list=cells(cells("0_Parade_a")),
        face_bbx_list=cells(cells(boxes)),
    )
    for name, counted in (("easy", [[1]]), ("medium", [[1]]), ("hard", [[1], [2]])):
        mat(folder / f"wider_{name}_val.mat", gt_list=cells(cells(np.array(counted))))
    save(root / "WIDER_val/images/0--Parade/0_Parade_a.jpg")
    text(
        root / "wider_face_split/wider_face_train_bbx_gt.txt",
        "0--Parade/b.jpg",
        "2",
        "10 10 40 40 0 0 0 0 0 0",
        "5 5 9 9 0 0 0 1 0 0",
        "0--Parade/c.jpg",
        "0",
        "0 0 0 0 0 0 0 0 0 0",
    )
    save(root / "WIDER_train/images/0--Parade/b.jpg")
    save(root / "WIDER_train/images/0--Parade/c.jpg")


WRITERS: dict[str, Callable[[Path], None]] = {
    writer.__name__: writer
    for writer in (
        *(w300, wflw, cofw68, aflw2000, biwi, disfa, disfaplus, bp4d, affectnet, rafdb),
        *(rafdb_compound, fer2013, fer2013plus, affwild2, mpiifacegaze, mpiigaze, gaze360),
        *(ethxgaze, eyediap, columbia, widerface),
    )
}
