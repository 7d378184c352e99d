"""Tests of mcp_transport.models.definition."""

from __future__ import annotations

from django.utils import timezone

from mcp_transport.models import PublishedDefinition, Server


def test_a_definition_is_read_as_it_was_published(server: Server) -> None:
    row = PublishedDefinition.objects.create(
        server=server, kind="tool", name="pay", number=2, definition='{"name": "pay"}',
        digest="0", first_seen_at=timezone.now(),
    )  # fmt: skip
    assert (row.value, str(row)) == ({"name": "pay"}, "tool pay, 2")
