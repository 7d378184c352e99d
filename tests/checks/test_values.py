"""Tests of mcp_transport.checks.values."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.checks import CheckMessage, Error, run_checks
from pytest_django import Settings

from mcp_transport.bus.memory import MemoryBus
from mcp_transport.checks import values
from mcp_transport.conf import Settings as Declared
from mcp_transport.rules import RULES


class WorriedBus(MemoryBus):
    """A backend that knows something about its options."""

    option_names = frozenset({"url"})

    def check(self) -> list[CheckMessage]:
        """Add to what every backend says."""
        return [*super().check(), Error("The url is wrong.", id="mine.E001")]


def the(messages: list[CheckMessage]) -> CheckMessage:
    """The one message there is."""
    (message,) = messages
    return message


def test_the_defaults_pass_every_check() -> None:
    raised = [message for message in run_checks() if not message.is_silenced()]
    assert [message for message in raised if (message.id or "").startswith("mcp.")] == []


@pytest.mark.parametrize(
    ("name", "value", "code", "says"),
    [
        ("MCP_PATH", "mcp", "mcp.E001", "MCP_PATH is 'mcp'; it begins with a slash"),
        ("MCP_CALL_RECORDING", "on", "mcp.E002", "'on'; it is one of durable, batched, off"),
        ("MCP_SOURCES", ["no.such.Thing"], "mcp.E003", "which cannot be imported"),
        ("MCP_THREADS", 0, "mcp.E004", "MCP_THREADS is 0; it is a whole number from 1 to 10000."),
        ("MCP_ALLOWED_HOSTS", "shop.example", "mcp.E005", "it is a list of strings"),
        ("MCP_ALLOWED_ORIGINS", ["shop"], "mcp.E006", "contains 'shop'; an origin is a scheme"),
        ("MCP_BUS", {}, "mcp.E007", 'a dictionary with the alias "default"'),
    ],
)
def test_a_wrong_setting_is_named_with_value_rule_and_remedy(
    settings: Settings, name: str, value: Any, code: str, says: str
) -> None:
    setattr(settings, name, value)
    message = the(values.check_values())
    assert message.id == code
    assert message.msg.startswith(name)
    assert says in message.msg
    assert message.hint


def test_each_wrong_setting_is_named(settings: Settings) -> None:
    for name in RULES:
        setattr(settings, name, object())
    named = {message.msg.split()[0] for message in values.check_values()}
    assert named == set(Declared.__annotations__)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("MCP_THREDS", "Did you mean MCP_THREADS?"),
        ("MCP_ALLOWED_HOST", "Did you mean MCP_ALLOWED_HOSTS?"),
        ("MCP_ZEBRA", "Correct its spelling or remove it."),
    ],
)
def test_a_setting_that_nobody_reads_is_pointed_out(
    settings: Settings, name: str, hint: str
) -> None:
    setattr(settings, name, 3)
    message = the(values.check_names())
    assert (message.id, message.hint) == ("mcp.W001", hint)
    assert name in message.msg


def test_a_bus_refuses_options_that_it_does_not_take(settings: Settings) -> None:
    backend = "mcp_transport.bus.memory.MemoryBus"
    settings.MCP_BUS = {"default": {"BACKEND": backend, "OPTIONS": {"url": "redis://:pw@host"}}}
    message = the(values.check_bus())
    assert message.id == "mcp.E008"
    assert "'url'" in message.msg
    assert "pw" not in message.msg


def test_a_bus_checks_itself(settings: Settings) -> None:
    backend = f"{__name__}.WorriedBus"
    settings.MCP_BUS = {"default": {"BACKEND": backend, "OPTIONS": {"url": "x", "ulr": "x"}}}
    assert [message.id for message in values.check_bus()] == ["mcp.E008", "mine.E001"]


def test_a_bus_that_cannot_be_made_is_not_asked(settings: Settings) -> None:
    settings.MCP_BUS = {"default": {"BACKEND": "no.such.Bus"}}
    assert values.check_bus() == []


def test_a_header_with_a_credential_is_pointed_out(settings: Settings) -> None:
    settings.MCP_CONTEXT_HEADERS = ["X-Request-Id", "Authorization"]
    message = the(values.check_context_headers())
    assert message.id == "mcp.W004"
    assert "'authorization'" in message.msg


def test_headers_that_are_no_names_are_somebody_elses_error(settings: Settings) -> None:
    settings.MCP_CONTEXT_HEADERS = 3
    assert values.check_context_headers() == []
