"""
What sessions subscribe to, as rows are changed.

A client may subscribe to several resources at once, over any of the worker
processes, so none writes down a list that it has read before: what is added or
taken away meets the row as it is then.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from mcp_transport.models import Session
from mcp_transport.storage.statements import Row, Statement


class Amend(Statement):
    """Changes the list of a row, which is locked from the read to the commit."""

    def __init__(self) -> None:
        super().__init__("")

    @abstractmethod
    def amended(self, uris: list[str], *values: Any) -> list[str]:
        """The list as it is to be."""

    def execute(
        self, connection: BaseDatabaseWrapper, rows: Sequence[Row], *, is_repeated: bool
    ) -> None:
        """See Statement.execute(); the first value of a row is the session's id."""
        sessions = Session.objects.using(connection.alias)
        for session_id, *values in rows:
            # SQLite locks nothing here: it refuses the update, which is then tried again.
            found = sessions.select_for_update().filter(pk=session_id)
            for uris in found.values_list("subscriptions", flat=True):
                sessions.filter(pk=session_id).update(subscriptions=self.amended(uris, *values))


class Subscribe(Amend):
    """Adds a URI, unless it is there already or there are as many as there may be."""

    def amended(self, uris: list[str], *values: Any) -> list[str]:
        """See Amend.amended()."""
        uri, most = values
        return uris if uri in uris or len(uris) >= most else [*uris, uri]


class Unsubscribe(Amend):
    """Takes a URI away."""

    def amended(self, uris: list[str], *values: Any) -> list[str]:
        """See Amend.amended()."""
        return [other for other in uris if other not in values]
