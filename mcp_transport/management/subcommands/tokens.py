"""``mcp token create|list|revoke``."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from mcp_transport.audit.differences import difference, stored
from mcp_transport.audit.operators import operator_at_terminal, record_action, record_actions
from mcp_transport.digits import LARGEST_KEY
from mcp_transport.management.subcommands.base import Subcommand, text, whole_number
from mcp_transport.models import Server, Token
from mcp_transport.models.token import Expiry


class Tokens(Subcommand):
    """Issue, list and revoke the tokens of clients."""

    @classmethod
    def add_arguments(cls, parser: CommandParser) -> None:
        """Declare the arguments of each action."""
        actions = parser.add_subparsers(dest="action", required=True, metavar="action")
        create = actions.add_parser("create", help="issue a token and print its value, once")
        create.add_argument("user", help="whose token it is")
        create.add_argument("name", type=text, help="what it is for")
        create.add_argument("--server", action="append", default=[], metavar="SLUG")
        create.add_argument("--scope", type=text, action="append", default=[])
        lifetime = create.add_mutually_exclusive_group()
        lifetime.add_argument("--days", type=whole_number(1, 36_500), help="days until it expires")
        lifetime.add_argument("--forever", action="store_true", help="it never expires")
        listing = actions.add_parser("list", help="list tokens")
        listing.add_argument("--user", help="of this user alone")
        revoke = actions.add_parser("revoke", help="refuse tokens from now on")
        revoke.add_argument("id", type=whole_number(1, LARGEST_KEY), nargs="+")

    def run(self, options: dict[str, Any]) -> None:
        """Do the action that was named."""
        actions = {"create": self.create, "list": self.list, "revoke": self.revoke}
        actions[options["action"]](options)

    def create(self, options: dict[str, Any]) -> None:
        """Issue a token; its value alone goes to standard output."""
        try:
            with transaction.atomic():
                token, value = Token.objects.issue(
                    owner=user_named(options["user"]),
                    name=options["name"],
                    servers=[server_at(slug) for slug in options["server"]],
                    scopes=options["scope"],
                    expires_at=expiry(options),
                )
                made = difference({}, stored(token))
                record_action(operator_at_terminal(), "add", token, changes=made)
        except ValidationError as exc:
            raise CommandError("; ".join(exc.messages)) from None
        until = f"until {token.expires_at:%Y-%m-%d}" if token.expires_at else "for ever"
        self.remark(f"Token {token.pk}, good {until}. It is not shown again:")
        self.stdout.write(value)

    def list(self, options: dict[str, Any]) -> None:
        """Print one line for each token."""
        tokens = Token.objects.select_related("owner").prefetch_related("servers")
        if options["user"]:
            tokens = tokens.filter(owner=user_named(options["user"]))
        self.write_table(
            (
                "ID",
                "TOKEN",
                "NAME",
                "OWNER",
                "SERVERS",
                "SCOPES",
                "EXPIRES",
                "LAST USED",
                "REVOKED",
            ),
            [
                (
                    token.pk,
                    f"{token.hint}…",
                    token.name,
                    token.owner.get_username(),
                    ", ".join(server.slug for server in token.servers.all()) or "all",
                    ", ".join(token.scopes) or "all",
                    token.expires_at,
                    token.last_used_at,
                    token.revoked_at,
                )
                for token in tokens
            ],
        )

    def revoke(self, options: dict[str, Any]) -> None:
        """Refuse tokens from now on."""
        known = Token.objects.filter(pk__in=options["id"])
        unknown = set(options["id"]) - set(known.values_list("pk", flat=True))
        if unknown:
            numbers = ", ".join(map(str, sorted(unknown)))
            raise CommandError(f"There is no token {numbers}; nothing was revoked.")
        with transaction.atomic():
            record_actions(
                operator_at_terminal(),
                "revoke",
                [(token, {}) for token in known.filter(revoked_at=None)],
            )
            count = known.revoke()
        self.stdout.write(f"{count} revoked")


def user_named(username: str) -> Any:
    """Find a user."""
    model = get_user_model()
    try:
        return model._default_manager.get_by_natural_key(username)
    except model.DoesNotExist:
        raise CommandError(f"There is no user {username!r}.") from None


def server_at(slug: str) -> Server:
    """Find a server."""
    try:
        return Server.objects.get(slug=slug)
    except Server.DoesNotExist:
        raise CommandError(f"There is no server {slug!r}; `mcp servers` lists them.") from None


def expiry(options: dict[str, Any]) -> datetime | Expiry | None:
    """When the token expires, as the operator said it."""
    if options["forever"]:
        return None
    if options["days"] is None:
        return Expiry.BY_SETTINGS
    return timezone.now() + timedelta(days=options["days"])
