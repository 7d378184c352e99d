"""A certificate of a test's own."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

SUBJECT = "-subj /CN=localhost -addext subjectAltName=DNS:localhost"


def make(folder: Path) -> tuple[Path, Path]:
    """A certificate for this machine and its key, which nobody vouches for."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl makes the certificate that `listen 443 ssl` asks for")
    certificate, key = folder / "fullchain.pem", folder / "privkey.pem"
    options = f"req -x509 -newkey rsa:2048 -nodes -days 90 {SUBJECT} -keyout {key}"
    command = [openssl, *options.split(), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    return certificate, key
