"""Tests of ``manage.py mcp doctor``: the site as a process, and none at all."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.core.management.color import make_style

from mcp_transport.management.doctor import streams
from mcp_transport.management.doctor.finding import Finding, failed, ok, skipped, warning
from mcp_transport.management.subcommands.doctor import Doctor, summary

PROJECT = Path(__file__).resolve().parents[2]
NOBODY = "http://127.0.0.1:9/mcp"  # the discard port, where nobody listens


@pytest.fixture(scope="module")
def site() -> Iterator[Any]:
    """The bundled site, as a process of its own with a fresh database."""
    path = PROJECT / "scripts" / "with_site.py"
    spec = importlib.util.spec_from_file_location("with_site", path)
    assert spec is not None
    assert spec.loader is not None
    script = sys.modules["with_site"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_SETTINGS_MODULE", "tests.management.quick_site")
        patch.delenv("DATABASE_URL", raising=False)
        with script.running_site(None) as running:
            yield running


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A site on a busy machine is well, too."""
    monkeypatch.setattr(streams, "PROMPT", 30.0)


def doctor(*arguments: str) -> str:
    """What the command prints."""
    out = StringIO()
    call_command("mcp", "doctor", *arguments, stdout=out, stderr=StringIO())
    return out.getvalue()


@pytest.mark.server
def test_a_site_that_is_well_passes_every_step(site: Any) -> None:
    lines = doctor(site.endpoint, "--token", site.token, "--timeout", "30").splitlines()
    assert lines[0] == site.endpoint
    assert lines[2].split()[:2] == ["ok", "address"]
    assert lines[-1] == "21 ok"
    assert site.token not in "".join(lines)


@pytest.mark.server
def test_the_token_may_come_from_the_environment(
    site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MCP_TOKEN", site.token)
    found = json.loads(doctor(site.endpoint, "--json", "--patience", "0"))
    assert [(f["step"], f["status"]) for f in found if f["status"] != "ok"] == [
        ("keep-alive", "skipped")
    ]
    assert set(found[0]) == {"step", "status", "says", "remedy", "seconds"}


@pytest.mark.server
def test_a_server_that_is_not_there_fails_the_command(site: Any) -> None:
    with pytest.raises(CommandError, match=r"^Failed: path\.$"):
        doctor(f"{site.endpoint}x", "--token", site.token)


@pytest.mark.server
def test_without_a_token_the_rest_is_not_tried(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MCP_TOKEN", raising=False)
    said = doctor(site.endpoint)
    assert "Give one with --token" in said
    assert said.splitlines()[-1] == "13 ok, 8 skipped"


def test_findings_are_printed_for_machines_even_when_one_failed() -> None:
    out = StringIO()
    with pytest.raises(CommandError, match="Failed: connection"):
        call_command("mcp", "doctor", NOBODY, "--json", stdout=out)
    statuses = [finding["status"] for finding in json.loads(out.getvalue())]
    assert statuses[:4] == ["ok", "ok", "failed", "skipped"]


def test_without_the_client_library_it_is_said_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in [n for n in sys.modules if n.startswith("mcp_transport.management.doctor.")]:
        if not name.endswith("finding"):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "httpx", None)
    with pytest.raises(CommandError, match="install django-mcp-transport with the extra 'doctor'"):
        doctor(NOBODY)


def test_each_status_has_its_colour() -> None:
    command = Doctor(StringIO(), StringIO(), make_style("dark"))  # type: ignore[arg-type]  # nothing is written
    verdicts = [ok("a"), warning("a", "b"), failed("a", "b"), skipped("a")]
    painted = [command.paint(verdict.status, "x") for verdict in verdicts]
    assert len(set(painted)) == 4
    assert painted[-1] == "x"


def test_the_summary_counts_what_there_is() -> None:
    findings = [Finding(step=str(n), verdict=ok("a"), seconds=0) for n in range(2)]
    findings.append(Finding(step="x", verdict=warning("a", "b"), seconds=0))
    assert summary(findings) == "2 ok, 1 warning"
