"""The project's own site, with the settings that a fault needs."""

from __future__ import annotations

import json
import os

from mcpsite.settings import *  # noqa: F403 - it is that site

globals().update(json.loads(os.environ.get("FAULTS_SETTINGS", "{}")))
