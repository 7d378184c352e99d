"""Access tokens of the site's authorization server, sent as ``Authorization: Bearer mcpa_…``."""

from __future__ import annotations

from django.contrib.auth import get_user_model
from django.utils import timezone

from mcp_transport.auth.digests import DigestAuthenticator
from mcp_transport.auth.errors import REFUSAL, InvalidToken
from mcp_transport.auth.principal import Principal, principal_of
from mcp_transport.oauth.models import Connection
from mcp_transport.oauth.values import ACCESS, is_well_formed
from mcp_transport.storage.readings import Parameter, Reading

#: By the digest of the token. Read once a second for each that is in use.
CONNECTIONS = Reading(lambda: Connection.objects.filter(access_digest=Parameter("digest")))
USERS = Reading(
    lambda: get_user_model()._base_manager.filter(
        mcp_connections__access_digest=Parameter("digest")
    )
)


class ConnectionAuthenticator(DigestAuthenticator):
    """Tokens that clients got because a user let them in; each good for one server."""

    prefix = ACCESS

    def is_well_formed(self, value: str) -> bool:
        """See DigestAuthenticator.is_well_formed()."""
        return is_well_formed(value, ACCESS)

    def load(self, token_digest: str) -> tuple[Principal, int | None]:
        """See DigestAuthenticator.load()."""
        rows = CONNECTIONS.instances(digest=token_digest)
        users = USERS.instances(digest=token_digest)
        for row, user in zip(rows, users, strict=False):  # one of each, or none
            if is_good(row) and user.is_active:
                return presented(row, user), row.pk if row.is_use_due else None
        raise InvalidToken(REFUSAL)

    def write_use(self, key: int) -> None:
        """See DigestAuthenticator.write_use()."""
        Connection(pk=key).note_use()


def is_good(row: Connection) -> bool:
    """Whether the newest access token of a connection is accepted now."""
    until = row.access_expires_at
    return row.revoked_at is None and until is not None and timezone.now() < until


def presented(row: Connection, user: object) -> Principal:
    """Show a user with what they let a client do; makes queries."""
    until = row.access_expires_at
    return principal_of(
        user,
        key=row.key,
        grant_id=row.pk,
        scopes=frozenset(row.scopes),
        server_ids=frozenset({row.server_id}),
        expires_at=None if until is None else until.timestamp(),
    )
