"""Tests of mcp_transport.sources.stdio.programs, and of the rule for them."""

from __future__ import annotations

import os
import sys
from typing import Any

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

from mcp_transport.auth.principal import Principal
from mcp_transport.registry.errors import ToolError
from mcp_transport.rules import RULES
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


GOOD: dict[str, Any] = {
    "command": [sys.executable, "-m", "server"],
    "cwd": os.getcwd(),
    "environment": {"KEY": "value"},
    "per": "session",
    "permission": "shop.view_order",
    "roots": ["file:///srv"],
    "questions": False,
    "start_timeout": 1.5,
    "call_timeout": 10,
    "idle_timeout": 60,
    "max_children": 2,
    "limits": {"memory": 2**30, "open_files": 100},
}


def test_what_is_written_rightly_is_taken(settings: Settings) -> None:
    assert list(RULES["MCP_STDIO"].problems({"box": GOOD})) == []
    settings.MCP_STDIO = {"box": GOOD}
    (program,) = programs()
    assert program.limits == (("open_files", 100), ("memory", 2**30))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"command": "npx -y server"}, "['command'] is a list: the program, then each"),
        ({"command": []}, "['command'] is a list"),
        ({"command": ["no-such-program"]}, "'no-such-program', and there is no such program"),
        ({"cwd": "srv"}, "['cwd'] is 'srv'; it is an absolute path."),
        ({"cwd": "/no/such/folder"}, "and there is no such folder"),
        ({"environment": {"A=B": "c"}}, "['environment'] is a dictionary"),
        ({"environment": {"A": 1}}, "['environment'] is a dictionary"),
        ({"env": {}}, "has the unknown key 'env'; there are call_timeout, command"),
        ({"environment_of": "no.such.function"}, "which cannot be imported"),
        ({"environment_of": f"{__name__}.GOOD"}, "which is no function"),
        ({"environment_of": 7}, "['environment_of'] is 7; it is the dotted path of a function"),
        ({"environment_of": f"{__name__}.token_of", "per": "process"}, "all callers share"),
        ({"per": "user"}, "['per'] is 'user'; it is one of principal, session, process."),
        ({"permission": "view"}, "['permission'] is 'view'; it is an app label"),
        ({"roots": ["/srv"]}, "['roots'] contains '/srv'; each is a file:/// address."),
        ({"questions": "no"}, "['questions'] is 'no'"),
        ({"call_timeout": 0}, "['call_timeout'] is 0; it is a number"),
        ({"max_children": 0}, "['max_children'] is 0; it is a whole number"),
        ({"limits": {"disk": 1}}, "['limits'] is a dictionary whose keys are of memory"),
        ({"limits": {"memory": -1}}, "['limits'] ['memory'] is -1"),
    ],
)
def test_each_wrong_value_is_named_with_its_rule(change: dict[str, Any], says: str) -> None:
    (problem,) = RULES["MCP_STDIO"].problems({"box": {**GOOD, **change}})
    assert problem.startswith("['box'] ")
    assert says in problem


@pytest.mark.parametrize("alias", ["", "Box", "1box", "a.b", "x" * 32, 7])
def test_an_alias_can_stand_before_a_name(alias: Any) -> None:
    (problem,) = RULES["MCP_STDIO"].problems({alias: GOOD})
    assert "is no alias" in problem


def test_what_is_no_dictionary_is_told() -> None:
    assert list(RULES["MCP_STDIO"].problems([])) == ["is a dictionary of programs by alias."]
    (problem,) = RULES["MCP_STDIO"].problems({"box": ["npx"]})
    assert "is a dictionary with a command" in problem


def test_secrets_are_never_repeated() -> None:
    wrong = {"command": "server --key=hidden", "environment": {"KEY": ["hidden"]}}
    assert "hidden" not in " ".join(RULES["MCP_STDIO"].problems({"box": wrong}))
