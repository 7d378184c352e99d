"""
Keeps what entries say of themselves whenever that changes.

A tool whose description or schema drifts may have been turned against its
users; whoever operates the site can see what it was before.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from typing import Any

import msgspec
from django.db import IntegrityError, transaction
from django.db.models import OuterRef, Subquery
from django.utils import timezone

from mcp_transport.models import PublishedDefinition
from mcp_transport.models.definition import LONGEST_NAME

Key = tuple[str, str]  # kind and own name


def record_definitions(server_id: int, published: Iterable[tuple[Key, dict[str, Any]]]) -> int:
    """
    Keep each definition that differs from the last one of its entry; how many did.

    Another worker process may be about to keep the same: then it has.
    """
    last = {
        (row.kind, row.name): row
        for row in newest_definitions(server_id).only("kind", "name", "number", "digest")
    }
    now = timezone.now()
    rows = []
    for (kind, own_name), wire in published:
        name = own_name[:LONGEST_NAME]
        text = msgspec.json.encode(wire, order="sorted")
        digest, before = sha256(text).hexdigest(), last.get((kind, name))
        if before is None or before.digest != digest:
            rows.append(
                PublishedDefinition(
                    server_id=server_id, kind=kind, name=name, digest=digest,
                    number=before.number + 1 if before else 1,
                    definition=text.decode(), first_seen_at=now,
                )
            )  # fmt: skip
    try:
        with transaction.atomic(using=PublishedDefinition.objects.db):
            PublishedDefinition.objects.bulk_create(rows, batch_size=200)
    except IntegrityError:
        return 0  # the server has gone, or the other process was quicker
    return len(rows)


def newest_definitions(server_id: int) -> Any:
    """The last definition of each entry of a server."""
    same = PublishedDefinition.objects.filter(
        server_id=server_id, kind=OuterRef("kind"), name=OuterRef("name")
    )
    newest = same.order_by("-number").values("pk")[:1]
    return PublishedDefinition.objects.filter(server_id=server_id, pk=Subquery(newest))
