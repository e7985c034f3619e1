"""What is answered to a request that can't be served."""

from __future__ import annotations


class Refused(Exception):
    """An answer with an HTTP status instead of a result; ``detail`` is one line for the visitor."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
