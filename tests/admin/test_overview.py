"""Tests of mcp_transport.admin.overview."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from mcp_transport.audit import statistics
from mcp_transport.audit.rollups import catch_up, step
from mcp_transport.engine import offering
from mcp_transport.engine.source import Health
from mcp_transport.models import Server, Session, Stream
from mcp_transport.sources.apps import AppSource
from tests.audit.called import call_at

PAGE = "admin:mcp_transport_overview_changelist"
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def called(ago: timedelta = 2 * MINUTE, **fields: object) -> None:
    """Somebody called some time ago."""
    call_at(datetime.now(UTC) - ago, **{"server": "main", **fields})


def look(client: Client, period: str = "24h") -> str:
    """What the page says, as plain text with single blanks."""
    html = client.get(reverse(PAGE), {"period": period}).content.decode()
    main = html.partition('<div class="mx"')[2]
    return " ".join(re.sub(r"<[^>]+>", " ", main).replace("\N{NO-BREAK SPACE}", " ").split())


def test_without_a_server_the_page_shows_how_to_make_one(operator: Client) -> None:
    text = look(operator)
    assert "No server yet" in text
    assert "from mcp_transport import tool" in text
    assert "Create a server" in text
    assert "http://testserver/mcp/main" in text


def test_without_a_call_the_page_shows_how_to_connect(operator: Client, server: Server) -> None:
    text = look(operator, "1h")
    assert "No calls in the last hour." in text
    assert "claude mcp add --transport http main http://testserver/mcp/main" in text
    assert "0 %" not in text


def test_the_verdict_comes_first_and_in_words(operator: Client, server: Server) -> None:
    for _ in range(6):
        called()
    for _ in range(4):
        called(outcome="error")
    assert "1 of 1 server needs attention. Main: 40 % of its calls failed." in look(operator)


def test_a_document_that_is_away_is_told(
    operator: Client, server: Server, settings: Settings, tmp_path: Path
) -> None:
    path = tmp_path / "openapi.json"
    settings.MCP_OPENAPI = {"pets": {"document": path, "base_url": "https://pets.example"}}
    path.write_text("[]")
    assert "openapi.pets is away: it is no object." in look(operator)
    settings.MCP_OPENAPI = {}
    assert "is away" not in look(operator)


class Away(AppSource):
    """The usual entries, of which an origin is away."""

    def health(self) -> list[Health]:
        return [Health(owner="files", is_well=False, text="It has ended")]


def test_what_the_worker_process_knows_of_its_sources_is_told(
    operator: Client, server: Server
) -> None:
    sources = [Away()]
    offering.show(sources)
    assert "files is away: It has ended." in look(operator)
    offering.hide([])  # of others
    assert "files is away" in look(operator)
    offering.hide(sources)
    assert "files is away" not in look(operator)


def test_figures_tell_how_they_moved(operator: Client, server: Server) -> None:
    called()
    called()
    called(HOUR + 5 * MINUTE)
    catch_up("a")
    assert re.search(r"Calls 2 \+100 %, was 1", look(operator, "1h"))


def test_open_sessions_and_streams_are_counted(operator: Client, server: Server) -> None:
    now = datetime.now(UTC)
    session = Session.objects.create(server=server, owner="user:1", last_seen_at=now)
    Session.objects.create(server=server, owner="user:1", last_seen_at=now, closed_at=now)
    Stream.objects.create(session=session, worker="w", opened_at=now)
    called()
    assert "Open sessions 1 1 open stream" in look(operator)


def test_what_fails_what_is_slow_and_who_calls_is_named(operator: Client, server: Server) -> None:
    called(entry="pay", outcome="timeout", duration_us=2_000_000)
    called(entry="find", username="bob", client="Cursor 2")
    called(kind="", entry="made up", outcome="error")
    text = look(operator)
    assert re.search(r"What is failing .* pay on main ✕ Timed out 1 100 %", text)
    assert re.search(r"Slowest entries .* pay on main .* find on main", text)
    assert re.search(r"Clients .* Cursor 2 1", text)
    assert re.search(r"Users .* bob 1", text)
    assert "Denied 1" in text
    assert "made up" not in text


def test_figures_that_are_late_say_so(
    operator: Client, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime.now(UTC)
    called(20 * MINUTE)
    step("a", now - 7 * MINUTE)
    called(5 * MINUTE)
    monkeypatch.setattr(statistics, "TAIL_LIMIT", 0)
    assert re.search(r"Figures are from (7|8) min ago", look(operator))


def test_calls_from_before_there_were_sums_are_announced(operator: Client, server: Server) -> None:
    called(3 * DAY)
    step("a", budget=0.0)
    assert "Older calls are being summed up." in look(operator, "7d")
    catch_up("a")
    assert "Older calls" not in look(operator, "7d")


def test_a_period_that_does_not_exist_is_the_usual_one(operator: Client, server: Server) -> None:
    assert "No calls in the last 24 hours." in look(operator, "1y")


def test_who_may_see_the_overview_alone_gets_no_links(server: Server) -> None:
    called()
    clerk = User.objects.create_user("clerk", is_staff=True)
    clerk.user_permissions.set(Permission.objects.filter(codename="view_overview"))
    client = Client()
    client.force_login(clerk)
    html = client.get(reverse(PAGE)).content.decode().partition('<div class="mx"')[2]
    assert set(re.findall(r'href="([^"]*)"', html)) == {
        f"?period={name}" for name in ("1h", "24h", "7d", "30d")
    }
    assert "Main" in html


def test_the_first_part_has_one_version_until_something_happens(
    operator: Client, server: Server
) -> None:
    address = reverse("admin:mcp_overview_live", args=["now"])
    tag = operator.get(address).headers["ETag"]
    headers = {"If-None-Match": tag}
    called()
    assert operator.get(address, headers=headers).status_code == 200
