"""What the tests of pages share."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

EXAMPLE = Path(__file__).parents[1] / "examples" / "clip.mp4"
PATIENCE_S = 120.0


def until(page: Any, condition: str) -> Any:
    """What ``condition`` gives once it is true; asked from outside, as the pages forbid eval."""
    end = time.monotonic() + PATIENCE_S
    while not (value := page.evaluate(condition)):
        if time.monotonic() > end:
            raise TimeoutError(f"{condition}\n{page.inner_text('main')[:500]}")
        time.sleep(0.05)
    return value
