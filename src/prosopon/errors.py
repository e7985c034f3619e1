"""Everything Prosopon raises on purpose.

::

    ProsoponError
    ├── InputError            an input can't be read: missing, empty, broken, too large, no image
    ├── OutputError           a result can't be written: no permission, disk full, not a folder
    ├── PackError             a model pack is missing, damaged or made for another version
    ├── DeviceError           the device asked for is not there
    └── MissingExtraError     an optional package is needed; the message gives the pip line

Messages are one line, name the file (or device, or pack) first and say what to do about it.
"""

from __future__ import annotations


class ProsoponError(Exception):
    """Base of all errors raised on purpose; the command line prints its message as one line."""


class InputError(ProsoponError):
    """An input that can't be read."""


class OutputError(ProsoponError):
    """A result that can't be written."""


class PackError(ProsoponError):
    """A model pack that is missing, damaged or not understood."""


class DeviceError(ProsoponError):
    """A device that was asked for and is not available."""


class MissingExtraError(ProsoponError):
    """An optional package that is not installed."""

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        super().__init__(
            f"{purpose} needs the package {package!r}: pip install 'prosopon[{extra}]'"
        )
