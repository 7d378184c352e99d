"""Tests of mcp_transport.sources.stdio.programs, and of the rule for them."""

from __future__ import annotations

import sys

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

from mcp_transport.auth.principal import Principal
from mcp_transport.registry.errors import ToolError
from mcp_transport.sources.stdio.programs import INHERITED, programs
from mcp_transport.testing import ToolFailed
from tests.sources.stdio.conftest import Sited, command, said


async def test_a_program_sees_nothing_of_the_site_but_what_it_was_given(
    sited: Sited, users: list[User], monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    canaries = ["SECRET_KEY", "DATABASE_URL", "DJANGO_SETTINGS_MODULE", "AWS_SECRET_ACCESS_KEY"]
    for name in [*canaries, "PYTHONPATH"]:
        monkeypatch.setenv(name, f"canary-{name}")
    async with sited(box={"environment": {"TOKEN": "given"}, "cwd": "/"}) as site:
        seen = said(await site.client("open", user=users[0]).call("box_environment"))
    assert "canary" not in str(seen)
    assert settings.SECRET_KEY not in str(seen)
    assert seen["environment"].pop("TOKEN") == "given"
    assert set(seen["environment"]) <= {*INHERITED, "LC_CTYPE"}
    assert seen["cwd"] == "/"


async def test_no_shell_reads_an_argument(sited: Sited, users: list[User]) -> None:
    hostile = ["$(touch /tmp/x)", "; ls", "a b", "*"]
    async with sited(box={"command": command(*hostile)}) as site:
        seen = said(await site.client("open", user=users[0]).call("box_environment"))
    assert seen["arguments"] == hostile


def token_of(principal: Principal) -> dict[str, str]:
    """What the child of a user knows."""
    if principal.username == "eve":
        raise ToolError("Connect your account first.")
    user = User.objects.get(username=principal.username)
    return {"TOKEN": f"of {user.username}"} if user.username == "ada" else {"TOKEN": 7}  # type: ignore[dict-item]


async def test_each_child_can_know_what_is_its_owners(
    sited: Sited, users: list[User], caplog: pytest.LogCaptureFixture
) -> None:
    async with sited(box={"environment_of": f"{__name__}.token_of"}) as site:
        ada, bob, eve = (site.client("open", user=user) for user in users)
        assert said(await ada.call("box_environment"))["environment"]["TOKEN"] == "of ada"
        with pytest.raises(ToolFailed, match=r"^Connect your account first\.$"):
            await eve.call("box_environment")
        with pytest.raises(ToolFailed, match="could not be prepared for you"):
            await bob.call("box_environment")
        assert (await ada.call("box_echo", text="still")).text == "still"
    assert "returned what is no environment" in caplog.text


def test_neither_arguments_nor_the_environment_are_shown(settings: Settings) -> None:
    settings.MCP_STDIO = {
        "box": {"command": [sys.executable, "--key=hidden"], "environment": {"KEY": "hidden"}}
    }
    assert "hidden" not in repr(programs())


def test_a_program_that_is_written_wrongly_is_left_out(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.MCP_STDIO = {"box": {"command": "npx -y server"}, "good": {"command": ["env"]}}
    assert [program.alias for program in programs()] == ["good"]
    assert "MCP_STDIO['box'] ['command'] is a list" in caplog.text


def test_a_program_whose_names_another_could_take_is_left_out(settings: Settings) -> None:
    env = {"command": ["env"]}
    settings.MCP_STDIO = {"files_admin": env, "files": env, "files-own": env}
    assert [program.alias for program in programs()] == ["files", "files-own"]


def test_a_setting_that_is_no_dictionary_leaves_the_site_without_programs(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.MCP_STDIO = ["npx"]
    assert programs() == ()
    assert "MCP_STDIO is no dictionary" in caplog.text
