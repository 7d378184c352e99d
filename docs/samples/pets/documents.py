"""What a site's settings say of an API."""

from __future__ import annotations

import os
from pathlib import Path

HERE = Path(__file__).parent

MCP_OPENAPI = {
    "pets": {
        "document": HERE / "pets.yaml",  # or "https://pets.example/openapi.json"
        "auth": {"bearer": os.environ.get("PETS_TOKEN", "")},
        "exclude": ["tag:internal", "DELETE *"],
        "names": {"findPets": "search"},
    },
}
