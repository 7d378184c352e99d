"""
Fetches axe-core, which finds what keeps people out of a page, for the browser tests.

Prints where its file is. The version is pinned, and so is what it has to be.
"""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
import tarfile
import tempfile
from base64 import b64encode
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT / "scripts" / "conformance"))

import node  # noqa: E402  stands beside the suite that needs it, too
from run import cache  # noqa: E402

VERSION = "4.14.1"
SHA512 = "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="
MEMBER = "package/axe.min.js"


def place() -> Path:
    """Where the file is kept."""
    root = os.environ.get("XDG_CACHE_HOME")
    folder = Path(root) if root else PROJECT / "var" / "cache"
    return folder / "axe" / f"axe-{VERSION}.min.js"


def download() -> bytes:
    """Fetch the package's archive through npm, and see that it is the one."""
    with tempfile.TemporaryDirectory() as folder:
        command = [*node.find(cache()).npm, "pack", f"axe-core@{VERSION}", "--silent"]
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        archive = next(Path(folder).glob("*.tgz")).read_bytes()
    found = b64encode(hashlib.sha512(archive).digest()).decode()
    if found != SHA512:
        raise SystemExit(f"axe-core {VERSION} is not what it was: sha512 {found}")
    return archive


def install() -> Path:
    """Return the file, fetched on first use."""
    target = place()
    if not target.exists():
        with tarfile.open(fileobj=io.BytesIO(download())) as archive:
            member = archive.extractfile(MEMBER)
            if member is None:
                raise SystemExit(f"axe-core has no {MEMBER}")
            target.parent.mkdir(parents=True, exist_ok=True)
            draft = target.with_suffix(f".{os.getpid()}")
            draft.write_bytes(member.read())
            draft.replace(target)
    return target


if __name__ == "__main__":
    print(install())
