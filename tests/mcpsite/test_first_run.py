"""What a new site begins with."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from mcp_transport.models import Server, Token
from mcpsite.first_run import prepare_demo, prepare_open
from tools.demo.models import Book

pytestmark = pytest.mark.django_db


def test_the_first_run_makes_a_server_books_and_a_token() -> None:
    prepared = prepare_demo()
    server = Server.objects.get(slug=prepared.slug)
    assert server.is_default
    assert server.access == Server.Access.TOKEN
    assert prepared.token is not None
    assert prepared.token.startswith("mcp_")
    assert Book.objects.count() == 10


def test_the_owner_of_the_first_token_cannot_log_in() -> None:
    prepare_demo()
    owner = Token.objects.get().owner
    assert isinstance(owner, User)
    assert not owner.has_usable_password()
    assert not owner.is_staff


def test_the_second_run_makes_nothing_and_shows_no_token() -> None:
    prepare_demo()
    Book.objects.all().delete()
    assert prepare_demo().token is None
    assert Token.objects.count() == 1
    assert not Book.objects.exists()


def test_another_default_server_stays_the_default() -> None:
    Server.objects.create(slug="main", is_default=True)
    assert not Server.objects.get(slug=prepare_demo().slug).is_default


def test_an_open_server_offers_one_app_to_anybody() -> None:
    prepare_open("conformance")
    prepared = prepare_open("conformance")
    server = Server.objects.get(slug=prepared.slug)
    assert server.access == Server.Access.PUBLIC
    assert server.offers == ["conformance"]
    assert prepared.token is None
