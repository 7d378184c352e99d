"""Models of arguments, some of which are secret."""

from __future__ import annotations

from pydantic import BaseModel, SecretStr

NAMES = ("password", "token", "api_key")  # as in MCP_REDACTED_ARGUMENTS


class Login(BaseModel):
    name: str
    pin: SecretStr


class Account(BaseModel):
    login: Login
    recovery: list[SecretStr] = []
    backup: SecretStr | None = None
    by_device: dict[str, SecretStr] = {}
    note: str = ""
