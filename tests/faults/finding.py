"""What a run found."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.process import Folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the report."""

    fault: str
    count: str
    expected: str
    seen: str
    is_good: bool


def a_site(path: Path, database_url: str = "", **settings: Any) -> Folder:
    """A site in a folder of its own, with a server for anybody."""
    path.mkdir(parents=True, exist_ok=True)
    folder = Folder(path, database_url)
    folder.environment |= {
        "DJANGO_SETTINGS_MODULE": "tests.faults.settings",
        "FAULTS_SETTINGS": json.dumps(settings),
        "LOG_LEVEL": "WARNING",
    }
    return folder.prepare()
