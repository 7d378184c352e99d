"""The running site of the interaction tests, to take its database away."""

from __future__ import annotations

from tests.interaction.conftest import (
    configure,
    connect_nothing,
    fresh_probe,
    http,
    legacy,
    modern,
    servers,
    user_token,
)

__all__ = [
    "configure",
    "connect_nothing",
    "fresh_probe",
    "http",
    "legacy",
    "modern",
    "servers",
    "user_token",
]
