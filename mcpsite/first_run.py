"""What a new site begins with: a server row, books to sell and a token."""

from __future__ import annotations

from typing import NamedTuple

from django.contrib.auth import get_user_model
from django.db import transaction

from mcp_transport.models import Server, Token
from tools.demo.shelves import fill

DEMO = "demo"
INSTRUCTIONS = (
    "A small bookshop. Look for books with search_books, order with order_book;"
    " the codes in its answers name the books everywhere else."
)


class Prepared(NamedTuple):
    """A server that can be called, and the token when it has just been made."""

    slug: str
    token: str | None = None
    is_open: bool = False


@transaction.atomic
def prepare_demo() -> Prepared:
    """
    The demo server, made on the first run together with a token.

    The token belongs to a user who cannot log in: it opens the endpoint, not
    the admin.
    """
    _, is_new = Server.objects.get_or_create(
        slug=DEMO,
        defaults={
            "title": "Demo bookshop",
            "instructions": INSTRUCTIONS,
            "is_default": not Server.objects.filter(is_default=True).exists(),
        },
    )
    if not is_new:
        return Prepared(DEMO)
    fill()
    users = get_user_model().objects
    owner = users.filter(username=DEMO).first() or users.create_user(DEMO)
    _, value = Token.objects.issue(owner=owner, name="first run")
    return Prepared(DEMO, value)


def prepare_open(app_label: str) -> Prepared:
    """A server that offers one app's entries to anybody."""
    Server.objects.update_or_create(
        slug=app_label,
        defaults={"offers": [app_label], "access": Server.Access.PUBLIC, "is_enabled": True},
    )
    return Prepared(app_label, is_open=True)
