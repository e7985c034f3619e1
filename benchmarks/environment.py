"""Size of a fresh environment with Prosopon in it, and proof that it does its job.

    python benchmarks/environment.py [--clip examples/clip.mp4] [--json FILE]

Makes a virtual environment without pip, installs the package from this checkout with its core
dependencies, counts what lies on disk, and runs ``prosopon analyze`` there.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from common import REPOSITORY, describe, provenance, run_pinned, table, write_json

MB = 1024**2


def disk_use(folder: Path) -> int:
    """Bytes on disk below ``folder``, as ``du`` counts them: whole blocks, links not followed."""
    return sum(p.lstat().st_blocks * 512 for p in folder.rglob("*"))


def by_package(site: Path) -> dict[str, int]:
    """Bytes on disk of each entry of site-packages, a package's bundled libraries with it."""
    sizes: dict[str, int] = {}
    for entry in site.iterdir():
        name = entry.name.partition(".")[0].partition("-")[0]
        size = disk_use(entry) if entry.is_dir() else entry.lstat().st_blocks * 512
        sizes[name] = sizes.get(name, 0) + size
    return dict(sorted(sizes.items(), key=lambda item: -item[1]))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clip", type=Path, default=REPOSITORY / "examples" / "clip.mp4")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()

    where = provenance()
    print(describe(where))
    with tempfile.TemporaryDirectory() as scratch:
        environment = Path(scratch, "environment")
        python = environment / "bin" / "python"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
        pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet"]
        subprocess.run([*pip, REPOSITORY], check=True)
        total = disk_use(environment)
        sizes = by_package(next(environment.glob("lib/python*/site-packages")))
        command = [str(environment / "bin" / "prosopon"), "analyze", str(options.clip)]
        run = run_pinned([*command, "-o", str(Path(scratch, "out"))])
    rows = [[name, f"{size / MB:.0f}"] for name, size in sizes.items() if size > MB]
    print(table(["package", "MB"], [["everything", f"{total / MB:.0f}"], *rows]))
    print(f"\nprosopon analyze {options.clip.name} there: {run.seconds:.2f} s")
    write_json(
        options.json,
        {
            "where": where,
            "total_mb": total / MB,
            "packages_mb": {k: v / MB for k, v in sizes.items()},
        },
    )


if __name__ == "__main__":
    main()
