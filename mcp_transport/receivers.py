"""
What hears Django's signals: lets every worker process know of rows that were changed here.

Only a process that serves can tell the others: after a change by a management
command they find out by themselves, within MCP_ROW_CACHE_SECONDS.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db.models import Model, QuerySet
from django.db.models.signals import m2m_changed, post_delete, post_save, pre_delete

from mcp_transport.models import (
    Announcement,
    EntryOverride,
    Identity,
    Server,
    Session,
    TextEntry,
    Token,
)
from mcp_transport.models.rows_changed import rows_changed
from mcp_transport.protocol.subscriptions import Change
from mcp_transport.streams.notices import Changed, Notice, Stale
from mcp_transport.worker.lifespan import announce_on_commit

SERVERS, TOKENS, SESSIONS = Stale("servers"), Stale("tokens"), Stale("sessions")
USELESS = frozenset({"last_login"})  # written at every login, and nobody's rights


def connect() -> None:
    """Begin to notice changes; runs once, when the models are loaded."""
    user = get_user_model()
    by_model = {
        Server: SERVERS,
        EntryOverride: SERVERS,
        TextEntry: SERVERS,
        Token: TOKENS,
        Identity: TOKENS,
        user: TOKENS,
        Group: TOKENS,
        Session: SESSIONS,
    }
    for model, notice in by_model.items():
        for signal in (post_save, post_delete, rows_changed):
            _connect(signal, model, notice)
    post_save.connect(_rewritten, sender=TextEntry, dispatch_uid="mcp_transport.rewritten")
    post_save.connect(_announced, sender=Announcement, dispatch_uid="mcp_transport.Announcement")
    pre_delete.connect(_held, sender=Server, dispatch_uid="mcp_transport.held")
    pre_delete.connect(_outlived, sender=Server, dispatch_uid="mcp_transport.outlived")
    for table in (*_rights_of_users(user), Group.permissions.through, Token.servers.through):
        _connect(m2m_changed, table, TOKENS)


def _rights_of_users(user: type[Model]) -> Iterator[type[Model]]:
    """Yield the tables of who is in which group and has which permission, where there are any."""
    for name in ("groups", "user_permissions"):
        through = getattr(getattr(user, name, None), "through", None)
        if through is not None:
            yield through


def _connect(signal: Any, sender: Any, notice: Notice) -> None:
    uid = f"mcp_transport.{sender._meta.label}"
    # Not weak: nobody else holds the partial.
    signal.connect(partial(_changed, notice), sender=sender, weak=False, dispatch_uid=uid)


def _held(instance: Server, *, using: str, **_signal: Any) -> None:
    """
    Lock a server that is about to go.

    Worker processes write rows that belong to it; one that came between the
    deletion of those and of the server would make the deletion fail.
    """
    Server.objects.using(using).select_for_update().filter(pk=instance.pk).first()


def _outlived(instance: Server, *, using: str, origin: Any = None, **_signal: Any) -> None:
    """
    Revoke the tokens that were issued for servers that are about to go, and for no other.

    Without a server that it names a token would be good for every one.
    """
    is_query = isinstance(origin, QuerySet) and origin.model is Server
    going = set(origin.values_list("pk", flat=True)) if is_query else set()
    Token.objects.using(using).for_none_but(going | {instance.pk}).revoke()


def _changed(
    notice: Notice, *, using: str | None = None, update_fields: Any = None, **_signal: Any
) -> None:
    """Tell of a change, unless it changes nothing for anybody who is served."""
    if not (update_fields and USELESS.issuperset(update_fields)):
        announce_on_commit(notice, using=using)


def _rewritten(instance: TextEntry, *, using: str | None = None, **_signal: Any) -> None:
    """Tell those who read a text that it says something else."""
    if instance.uri:
        announce_on_commit(Changed(Change("resources", instance.uri)), using=using)


def _announced(instance: Any, *, using: str | None = None, **_signal: Any) -> None:
    """Have every process say whom it tells of the change that is about to be committed."""
    announce_on_commit(Stale("servers", str(instance.pk)), using=using)
