"""Programs in C beside this package, compiled when a compiler is there.

The result is kept under the system's temporary directory by the source's digest, so that a changed
source is never run in its old form.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path


def compiled(*sources: Path) -> Path | None:
    """The program of these sources, or None where no C compiler is (or ``BENCH_NO_CC`` is set).

    Headers among them are not compiled, but count for whether they have changed.
    """
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None or os.environ.get("BENCH_NO_CC"):
        return None
    digest = hashlib.sha256(b"".join(each.read_bytes() for each in sources)).hexdigest()[:16]
    directory = Path(tempfile.gettempdir()) / f"broadcaster-bench-{os.getuid()}"
    directory.mkdir(mode=0o700, exist_ok=True)
    if directory.stat().st_uid != os.getuid():
        raise PermissionError(f"{directory} belongs to somebody else")
    program = directory / f"{sources[0].stem}-{digest}"
    if not program.exists():
        made = program.with_suffix(f".{os.getpid()}")
        units = [each for each in sources if each.suffix == ".c"]
        subprocess.run([compiler, "-O2", "-Wall", "-Wextra", "-o", made, *units], check=True)
        made.replace(program)
    return program
