"""Import time, and ``prosopon analyze`` of one photograph from process start, on one core.

    python benchmarks/startup.py PHOTOGRAPH [--runs 9] [--json FILE]

Import times are beyond numpy and onnxruntime, which are imported first. The first run of each
kind is left out: it reads the libraries from disk.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

from common import describe, last_core, provenance, run_pinned, spread, table, write_json

IMPORT = """
import json, sys, time
import numpy, onnxruntime
start = time.perf_counter()
import prosopon
package = time.perf_counter()
prosopon.Analyzer
analyzer = time.perf_counter()
lazy = [name for name in ("torch", "pyarrow", "av") if name in sys.modules]
print(json.dumps({"import prosopon": package - start, "and prosopon.Analyzer": analyzer - start,
                  "loaded": lazy}))
"""
COMMAND = "from prosopon.cli import main; main()"


def import_times(runs: int, core: int) -> dict[str, Any]:
    """Seconds of the imports, and which heavy packages they pulled in (none is right)."""
    results = [
        run_pinned([sys.executable, "-c", IMPORT], core).last_json() for _ in range(runs + 1)
    ][1:]
    names = ("import prosopon", "and prosopon.Analyzer")
    return {
        "loaded": results[-1]["loaded"],
        **{name: spread([result[name] for result in results]) for name in names},
    }


def photograph(path: Path, pack: str, runs: int, core: int) -> dict[str, Any]:
    """Seconds and peak memory of the whole command on one photograph."""
    results = []
    for _ in range(runs + 1):
        with tempfile.TemporaryDirectory() as folder:
            arguments = ["analyze", str(path), "-o", folder, "--pack", pack]
            results.append(run_pinned([sys.executable, "-c", COMMAND, *arguments], core))
    results = results[1:]
    return {
        "seconds": spread([result.seconds for result in results]),
        "peak_mb": spread([result.peak_mb for result in results]),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photograph", type=Path)
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--core", type=int, default=last_core(), help="CPU to pin to [the last]")
    parser.add_argument("--pack", default="default")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()

    where = provenance()
    print(describe(where))
    imports = import_times(options.runs, options.core)
    command = photograph(options.photograph, options.pack, options.runs, options.core)
    rows = [
        [name, f"{1000 * s['median']:.0f} ms", f"{1000 * s['min']:.0f} to {1000 * s['max']:.0f}"]
        for name, s in [
            *((n, s) for n, s in imports.items() if n != "loaded"),
            (f"prosopon analyze {options.photograph.name}", command["seconds"]),
        ]
    ]
    rows.append(
        [
            "peak memory of that",
            f"{command['peak_mb']['median']:.0f} MB",
            f"{command['peak_mb']['min']:.0f} to {command['peak_mb']['max']:.0f}",
        ]
    )
    print(table(["what", "median", "range"], rows))
    print(f"torch, pyarrow, av loaded by the import: {', '.join(imports['loaded']) or 'none'}")
    write_json(
        options.json,
        {"where": where, "core": options.core, "imports": imports, "photograph": command},
    )


if __name__ == "__main__":
    main()
