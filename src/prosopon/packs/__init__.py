"""Model packs: a folder with pack.toml, its networks and its card.

``pack.toml``::

    format = 1
    name = "default"                       # [a-z0-9-], the key for --pack
    version = "0.1.0"
    license = "Apache-2.0"
    terms = ""                             # anything the user must know beyond the licence
    summary = "one line"
    card = "CARD.md"

    [network]                              # crops (n, 1, size, size) → heads (n, D)
    size = 128                             # side of the luminance crop, px
    precision = "fp32"                     # the file used unless another is asked for
    landmark_offset = [0.0, 0.0]           # x, y in crop sides, added to the 68 landmarks
    [network.files.fp32]
    file = "network-fp32.onnx"
    sha256 = "…"
    [network.outputs]                      # head → [first column, number of columns]
    points = [0, 156]

    [detector]
    file = "detector.onnx"
    sha256 = "…"
    threshold = 0.5                        # least score of a face
    nms = 0.4                              # IoU over which two boxes are one face
    long_side = 640                        # px, the frame is shrunk to this for detection

    [face_shape]                           # mean face, (68, 3) float, mm, head frame
    file = "face_shape.npy"
    sha256 = "…"

    [embedding]                            # optional: crops (n, 1, size, size) → unit vectors
    file = "embedding.onnx"
    sha256 = "…"
    size = 64                              # side of its luminance crop, px
    scale = 1.5                            # the crop's side in larger extents of the 68 points
    slope = 10.0                           # log-odds of one person: slope · (cosine − middle)
    middle = 0.5

    [face_model]                           # optional: 3D point model, see prosopon.fit.model
    file = "face_model.npz"
    sha256 = "…"

Any ``file`` may stand in another installed pack: beside it ``pack = "default"``.

A pack of ``kind = "openface3"`` has other tables: one for each network, without anything of ours::

    kind = "openface3"
    [networks.detector]                    # likewise landmarks, multitask
    file = "detector.onnx"
    sha256 = "…"

Packs ship in this folder; the user's own live in ``$PROSOPON_PACKS`` or
``~/.local/share/prosopon/packs``.
"""

from prosopon.packs.document import FORMAT
from prosopon.packs.files import add_pack, sha256, verify_pack
from prosopon.packs.find import (
    BUNDLED,
    list_packs,
    load_networks_pack,
    load_pack,
    read_pack,
    user_folder,
)
from prosopon.packs.spec import (
    DetectorSpec,
    EmbeddingSpec,
    NetworksPack,
    NetworkSpec,
    Pack,
    PackFile,
    PackInfo,
)

__all__ = [
    "BUNDLED",
    "FORMAT",
    "DetectorSpec",
    "EmbeddingSpec",
    "NetworkSpec",
    "NetworksPack",
    "Pack",
    "PackFile",
    "PackInfo",
    "add_pack",
    "list_packs",
    "load_networks_pack",
    "load_pack",
    "read_pack",
    "sha256",
    "user_folder",
    "verify_pack",
]
