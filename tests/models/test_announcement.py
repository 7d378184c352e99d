"""Tests of mcp_transport.models.announcement."""

from __future__ import annotations

from mcp_transport.models import Announcement, Report, Server


def test_an_announcement_and_its_reports_say_what_they_are(server: Server) -> None:
    row = Announcement.objects.create(server=server)
    report = Report.objects.create(announcement=row, worker="w", told=1, listening=2)
    assert (str(row), str(report)) == (f"change {row.pk}", "w: 1 of 2")
