"""
Makes the rows what a file says: all of it, or nothing.

A trial run does the same and takes it back, so that it finds out all that the
import would.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models, transaction

from mcp_transport.audit.differences import Difference, difference
from mcp_transport.audit.operators import Operator, record_action, subject_of
from mcp_transport.engine.offering import clash_of_text, survey
from mcp_transport.management.configuration.document import (
    OVERRIDE,
    SERVER,
    TEXT,
    Document,
    Item,
    Kind,
    Malformed,
    values_of,
)
from mcp_transport.models import EntryOverride, Server, TextEntry

MOST_PROBLEMS = 20  # that are told at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What becomes of one row."""

    action: str  # "add", "change" or "delete"
    name: str  # "server main", "entry main tool echo"
    fields: Difference


@dataclass(slots=True)
class Import:
    """One run over a document."""

    operator: Operator
    prune: bool = False
    changes: list[Change] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    _was_default: set[str] = field(default_factory=set)

    def run(self, document: Document, *, is_trial: bool) -> list[Change]:
        """Do it; what was changed. Raises Malformed with every problem, and changes nothing then."""
        with transaction.atomic():
            self._make_room(document)
            self._texts(document.texts)
            self._servers(document.servers)
            if not self.problems:
                self._check_names(document.servers)
            if self.problems:
                raise Malformed("\n".join(self.problems[:MOST_PROBLEMS]))
            if is_trial:
                transaction.set_rollback(True)
        return self.changes

    def _make_room(self, document: Document) -> None:
        """Take away what the file has no more, and the default that it gives to another."""
        if self.prune:
            self._delete(SERVER, Server.objects.all(), document.servers)
            self._delete(TEXT, TextEntry.objects.all(), document.texts)
        named = {item.values["slug"]: item.values["is_default"] for item in document.servers}
        if not any(named.values()):
            return
        for row in Server.objects.filter(is_default=True):
            if named.get(row.slug):
                continue
            # Now, for the constraint looks at each row that is saved.
            Server.objects.filter(pk=row.pk).update(is_default=False)
            if row.slug in named:
                self._was_default.add(row.slug)  # told with what else the file changes of it
            else:
                self._note("change", SERVER, row, {"is_default": [True, False]}, "")

    def _servers(self, items: Iterable[Item]) -> None:
        rows = {row.slug: row for row in Server.objects.prefetch_related("overrides")}
        for item in items:
            row = rows.get(item.values["slug"])
            saved = self._put(item, row, Server())
            if saved is not None:
                self._overrides(saved, item)

    def _overrides(self, server: Any, item: Item) -> None:
        known = list(server.overrides.all())
        if self.prune:
            self._delete(OVERRIDE, known, item.overrides, within=server.slug)
        rows = {OVERRIDE.key_of(row): row for row in known}
        for override in item.overrides:
            new = EntryOverride(server=server)
            self._put(override, rows.get(override.key), new, within=server.slug)

    def _check_names(self, servers: Iterable[Item]) -> None:
        """Refuse another name that is taken: clients would find one entry of the two."""
        for item in servers:
            renamed = [override for override in item.overrides if override.values["new_name"]]
            if not renamed:
                continue
            # Anew: the rows that were read before do not have what was changed since.
            called = names_of(Server.objects.get(slug=item.values["slug"]))
            for override in renamed:
                kind, own_name = override.key
                name = override.values["new_name"]
                if called.get((kind, name), set()) - {own_name}:
                    said = f"another {kind} of this server is called {name!r}."
                    self.problems.append(f"{override.path}.new_name: {said}")

    def _texts(self, items: Iterable[Item]) -> None:
        rows = {TEXT.key_of(row): row for row in TextEntry.objects.all()}
        for item in items:
            self._put(item, rows.get(item.key), TextEntry())

    def _put(
        self, item: Item, known: models.Model | None, new: models.Model, *, within: str = ""
    ) -> models.Model | None:
        """Make a row what the item says; None if it may not be that."""
        row = known or new
        before = values_of(item.kind, row) if known else {}
        if known and item.kind is SERVER:
            before["is_default"] = before["is_default"] or before["slug"] in self._was_default
        if before == item.values:
            return row
        for name, value in item.values.items():
            setattr(row, name, value)
        if not self._is_valid(item, row):
            return None
        if isinstance(row, TextEntry):
            row.save(author=self.operator.username)
        else:
            row.save()
        action = "change" if known else "add"
        self._note(action, item.kind, row, difference(before, item.values), within)
        return row

    def _is_valid(self, item: Item, row: models.Model) -> bool:
        try:
            row.full_clean(exclude=[f.name for f in row._meta.fields if not f.editable])
        except ValidationError as error:
            self.problems.extend(_places(item, error))
            return False
        if isinstance(row, TextEntry) and (clash := clash_of_text(row.kind, row.key)):
            self.problems.append(f"{item.path}: {clash}")
            return False
        return True

    def _delete(
        self, kind: Kind, rows: Iterable[models.Model], items: Iterable[Item], *, within: str = ""
    ) -> None:
        kept = {item.key for item in items}
        for row in rows:
            if kind.key_of(row) not in kept:
                self._note("delete", kind, row, difference(values_of(kind, row), {}), within)
                row.delete()

    def _note(
        self, action: str, kind: Kind, row: models.Model, fields: Difference, within: str
    ) -> None:
        name = " ".join(filter(None, (kind.word, within, *kind.key_of(row))))
        self.changes.append(Change(action=action, name=name, fields=fields))
        record_action(self.operator, action, subject_of(row), changes=fields)


def names_of(server: Server) -> dict[tuple[str, str], set[str]]:
    """Which entries of a server have a name, switched on or not: by kind and name, their own."""
    found: dict[tuple[str, str], set[str]] = {}
    for entry in survey(server):
        name = entry.override.new_name if entry.override else ""
        found.setdefault((entry.kind, name or entry.name), set()).add(entry.name)
    return found


def _places(item: Item, error: ValidationError) -> Iterator[str]:
    for name, messages in error.message_dict.items():
        place = item.path if name == NON_FIELD_ERRORS else f"{item.path}.{name}"
        yield from (f"{place}: {message}" for message in messages)
