"""Tests of mcp_transport.models.server."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError

from mcp_transport.models import EntryKind, EntryOverride, Server

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("slug", ["ws", "health", "openapi.json", "_admin"])
def test_a_reserved_slug_is_refused_by_the_form_and_by_the_database(slug: str) -> None:
    with pytest.raises(ValidationError):
        Server(slug=slug).full_clean()
    with pytest.raises(IntegrityError):
        Server.objects.create(slug=slug)


def test_a_slug_that_merely_contains_a_reserved_word_is_free() -> None:
    Server(slug="health-records").full_clean()


def test_a_new_server_offers_everything_to_holders_of_tokens() -> None:
    server = Server.objects.create(slug="shop")
    assert (server.offers, server.access, server.is_enabled) == (["*"], "token", True)


@pytest.mark.parametrize(
    ("kind", "changes", "field"),
    [
        ("tool", {"new_name": "a b"}, "new_name"),
        ("resource", {"new_name": "note"}, "new_name"),
        ("template", {"new_name": "note"}, "new_name"),
        ("prompt", {"is_read_only": True}, "is_read_only"),
    ],
)
def test_an_override_that_no_client_would_be_told_is_refused(
    kind: str, changes: dict[str, object], field: str
) -> None:
    server = Server.objects.create(slug="shop")
    with pytest.raises(ValidationError) as refused:
        EntryOverride(server=server, kind=kind, name="x", **changes).full_clean()
    assert list(refused.value.message_dict) == [field]


def test_a_tool_and_a_prompt_may_be_called_otherwise() -> None:
    server = Server.objects.create(slug="shop")
    for kind in ("tool", "prompt"):
        EntryOverride(server=server, kind=kind, name="x", new_name="y").full_clean()


def test_at_most_one_server_is_the_default() -> None:
    Server.objects.create(slug="a", is_default=True)
    Server.objects.create(slug="b")
    with pytest.raises(IntegrityError):
        Server.objects.create(slug="c", is_default=True)


def test_access_by_permission_needs_the_name_of_one() -> None:
    Server(slug="a", access="permission", permission="shop.use").full_clean()
    with pytest.raises(ValidationError, match="needs the name"):
        Server(slug="a", access="permission").full_clean()


@pytest.mark.parametrize("permission", ["use", ".use", "shop."])
def test_a_malformed_permission_is_refused(permission: str) -> None:
    with pytest.raises(ValidationError, match=r"app_label\.codename"):
        Server(slug="a", permission=permission).full_clean()


@pytest.mark.parametrize("offers", ["*", {"a": 1}, [1], [""]])
def test_offers_are_a_list_of_names(offers: object) -> None:
    with pytest.raises(ValidationError, match="list of strings"):
        Server(slug="a", offers=offers).full_clean()


def test_a_server_is_called_by_its_title_or_else_its_slug() -> None:
    assert str(Server(slug="shop", title="The shop")) == "The shop"
    assert str(Server(slug="shop")) == "shop"


def test_an_entry_is_overridden_once_per_server(server: Server) -> None:
    override = EntryOverride.objects.create(server=server, name="pay")
    assert str(override) == "tool pay"
    EntryOverride.objects.create(server=server, kind=EntryKind.PROMPT, name="pay")
    with pytest.raises(IntegrityError):
        EntryOverride.objects.create(server=server, name="pay")
