"""A server of others, as the settings name it."""

from __future__ import annotations

import hashlib
import logging
import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

LONGEST_NAME = 64  # characters: what most clients hand on to their models


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin(ABC):
    """A server of others, what it is granted, and in which words it is spoken of."""

    setting: ClassVar[str]
    source: ClassVar[str]  # the name of the source that has it
    noun: ClassVar[str]  # what messages call one
    units: ClassVar[str]  # what its callers have of it, each their own or all one
    complaint: ClassVar[str]  # what it does not do, when nobody can speak to it

    alias: str
    per: Literal["principal", "session", "process"] = "principal"  # who shares a unit
    permission: str | None = None  # of all its entries
    roots: tuple[str, ...] = ()  # what it is told when it asks for them
    questions: bool = True  # whether it may ask a client's user and model
    start_timeout: float = 10.0
    call_timeout: float = 60.0
    idle_timeout: float = 300.0

    @property
    @abstractmethod
    def most_units(self) -> int:
        """How many units there may be at once."""

    @property
    def is_shared(self) -> bool:
        """Whether all clients have the same unit."""
        return self.per == "process"

    @property
    def place(self) -> str:
        """Where it stands in the settings."""
        return f"{self.setting}[{self.alias!r}]"

    @property
    def name(self) -> str:
        """What messages call it."""
        return f"The {self.noun} {self.alias!r}"

    @property
    def logger(self) -> logging.Logger:
        """Where what happens to it is told."""
        return logging.getLogger(f"mcp_transport.{self.source}")

    @property
    def owner(self) -> str:
        """What a server's offers call it."""
        return self.alias

    def public_name(self, name: str) -> str:
        """What clients call a tool or prompt of it."""
        return prefixed(f"{self.alias}_", name)

    def offers(self, subject: Any) -> bool:
        """Whether what it lists under a name, or a URI, becomes an entry."""
        return True


def prefixed(prefix: str, name: str) -> str:
    """A name that every client can write; another one for each that a server has."""
    plain = re.sub(r"[^A-Za-z0-9_-]", "_", name)
    whole = f"{prefix}{plain}"
    if plain == name and len(whole) <= LONGEST_NAME:
        return whole
    mark = hashlib.sha256(name.encode()).hexdigest()[:6]
    return f"{whole[: LONGEST_NAME - 7]}_{mark}"
