"""The overview: is it healthy, what is failing, who and what."""

from __future__ import annotations

from functools import cached_property
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import F, Func, IntegerField, OuterRef, QuerySet, Subquery
from django.http import HttpRequest

from mcp_transport.admin import first_steps, overview_parts
from mcp_transport.admin.pages import Context, Page, version_of
from mcp_transport.admin.parts import Tab, Tabs
from mcp_transport.admin.verdict import verdict
from mcp_transport.audit.statistics import Statistics
from mcp_transport.audit.tallies import SPANS, Window
from mcp_transport.engine.offering import away
from mcp_transport.models import Call, Overview, RollupProgress, Server, Session, Stream

DEFAULT = "24h"
PERIODS = {"1h": "hour", "24h": "24 hours", "7d": "7 days", "30d": "30 days"}
LABELS = {"1h": "1 h", "24h": "24 h", "7d": "7 d", "30d": "30 d"}


class Sight:
    """What the overview shows for one request."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        asked = request.GET.get("period", DEFAULT)
        self.name = asked if asked in SPANS else DEFAULT
        self.period = PERIODS[self.name]
        self.statistics = Statistics(Window.last(self.name))

    @cached_property
    def servers(self) -> list[Any]:
        """Every server with its open sessions; each, too, with what is the same for all."""
        sessions = Session.objects.filter(closed_at=None, server=OuterRef("pk"))
        return list(
            Server.objects.annotate(
                open_sessions=counted(sessions),
                open_streams=counted(Stream.objects.filter(closed_at=None)),
                filled_from=Subquery(RollupProgress.objects.values("filled_from")[:1]),
                first_call_at=Subquery(RollupProgress.objects.values("first_call_at")[:1]),
                last_call=Subquery(Call.objects.order_by("-pk").values("pk")[:1]),
            )
        )

    def ranges(self) -> Tabs:
        """The periods that can be looked at."""
        tabs = [
            Tab(text=LABELS[name], href=f"?period={name}", is_current=name == self.name)
            for name in SPANS
        ]
        return Tabs(label="Period", tabs=tabs, is_switch=True)

    def now(self) -> Context:
        """The verdict, the tiles and the tables."""
        if not self.servers:
            return {"empty": first_steps.no_server(self.request)}
        found, request = self.statistics, self.request
        judged = verdict(
            {server.slug: str(server) for server in self.servers},
            found.by_server,
            [server.slug for server in self.servers if server.is_enabled],
            self.period,
        )
        context: Context = {
            "verdict": judged,
            "late_since": found.late_since,
            "is_filling": self.is_filling,
            "away": away(),
            "tiles": overview_parts.tiles(
                request,
                found,
                open_sessions=sum(server.open_sessions for server in self.servers),
                open_streams=self.servers[0].open_streams,
            ),
            "servers": overview_parts.servers(request, self.servers, found),
        }
        return context | (self._details() if found.totals.calls else self._silence())

    def _details(self) -> Context:
        found, request = self.statistics, self.request
        clients = ("Clients", "Client", "client")
        users = ("Users", "User", "username")
        return {
            "failing": overview_parts.failing(request, found),
            "slowest": overview_parts.slowest(request, found),
            "clients": overview_parts.callers(request, found, found.clients, clients),
            "users": overview_parts.callers(request, found, found.users, users),
        }

    def _silence(self) -> Context:
        usual = next((server for server in self.servers if server.is_enabled), None)
        if usual is None:
            return {}
        return {"silence": first_steps.no_calls(self.request, usual, self.period)}

    @property
    def is_filling(self) -> bool:
        """Whether calls of the period, recorded before there were sums, are not in them yet."""
        row = self.servers[0]
        since = self.statistics.window.start
        return bool(row.filled_from and row.filled_from > max(row.first_call_at, since))

    def chart(self) -> Context:
        """Calls over time."""
        return {"chart": overview_parts.chart(self.statistics, self.period)}

    def version(self) -> str:
        """What changes whenever something of the first part does, for one query."""
        minute = int(self.statistics.window.now.timestamp()) // 60  # ages are told in minutes
        names = ("pk", "updated_at", "open_sessions", "open_streams", "last_call")
        rows = [[getattr(server, name) for name in names] for server in self.servers]
        return version_of(f"{self.name} {minute} {rows}").strip('"')


def sight_of(request: HttpRequest) -> Sight:
    """What one request sees; its version and its contents are of the same rows."""
    known: Sight | None = getattr(request, "mx_sight", None)
    if known is None:
        known = Sight(request)
        request.mx_sight = known  # type: ignore[attr-defined]
    return known


def counted(rows: QuerySet[Any]) -> Subquery:
    """How many rows there are, within another query."""
    # Not Count(): beside one another, joined sessions and streams would count each pair.
    count: Func = Func(F("pk"), function="COUNT", output_field=IntegerField())
    return Subquery(rows.order_by().annotate(count=count).values("count"))


@admin.register(Overview)
class OverviewAdmin(Page):
    """How the site's servers are."""

    template_name = "admin/mcp_transport/overview.html"
    fragments: ClassVar[dict[str, str]] = {
        "now": "admin/mcp_transport/overview/now.html",
        "chart": "admin/mcp_transport/overview/chart.html",
    }

    def page_title(self, request: HttpRequest) -> str:
        """Return what stands above the page."""
        return "MCP overview"

    def page_context(self, request: HttpRequest) -> Context:
        """Return both parts."""
        sight = sight_of(request)
        now = sight.now()
        return {**now, **({} if "empty" in now else sight.chart()), "ranges": sight.ranges()}

    def fragment_context(self, request: HttpRequest, name: str) -> Context:
        """Return one part."""
        sight = sight_of(request)
        return sight.now() if name == "now" else sight.chart()

    def fragment_version(self, request: HttpRequest, name: str) -> str:
        """Return what the first part goes by; the chart goes by what it says."""
        return sight_of(request).version() if name == "now" else ""
