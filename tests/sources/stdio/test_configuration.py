"""Tests of mcp_transport.sources.stdio.configuration: what is wrong with a program."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from mcp_transport.rules import RULES
from mcp_transport.sources.stdio.configuration import problems
from mcp_transport.sources.stdio.programs import programs

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
    assert list(problems("box", GOOD)) == []
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
        (
            {"environment_of": "tests.sources.stdio.test_programs.token_of", "per": "process"},
            "all callers share",
        ),
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
    (problem,) = problems("box", {**GOOD, **change})
    assert problem.startswith("MCP_STDIO['box'] ")
    assert says in problem


@pytest.mark.parametrize("alias", ["", "Box", "1box", "a.b", "x" * 32, 7])
def test_an_alias_can_stand_before_a_name(alias: Any) -> None:
    (problem,) = problems(alias, GOOD)
    assert "is no alias" in problem


def test_what_is_no_dictionary_is_told() -> None:
    assert list(RULES["MCP_STDIO"].problems([])) == ["is a dictionary of programs by alias."]
    (problem,) = problems("box", ["npx"])
    assert "is a dictionary with a command" in problem


def test_a_program_with_a_folder_is_looked_for_where_it_starts(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "server"
    program.touch(mode=0o755)
    box = {"command": ["./bin/server"], "cwd": str(tmp_path)}
    assert list(problems("box", box)) == []
    program.unlink()
    (problem,) = problems("box", box)
    assert "'./bin/server', and there is no such program" in problem


def test_secrets_are_never_repeated() -> None:
    wrong = {"command": "server --key=hidden", "environment": {"KEY": ["hidden"]}}
    assert "hidden" not in " ".join(problems("box", wrong))


def test_two_programs_could_not_have_tools_of_one_name() -> None:
    (problem,) = problems("files_admin", GOOD, ["files", "files_admin"])
    assert "begins with the alias 'files' and _" in problem
    assert "write 'files-admin'" in problem
    assert list(problems("files-admin", GOOD, ["files"])) == []
