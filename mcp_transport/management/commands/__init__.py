"""What ``manage.py`` finds; each command's parts are in ``subcommands``."""

from __future__ import annotations
