"""Tokens of the site's own, sent as ``Authorization: Bearer mcp_…``."""

from __future__ import annotations

from django.contrib.auth import get_user_model

from mcp_transport.auth.digests import DigestAuthenticator
from mcp_transport.auth.errors import REFUSAL, InvalidToken
from mcp_transport.auth.principal import Principal, present
from mcp_transport.models import Token
from mcp_transport.models.token_value import PREFIX, is_well_formed
from mcp_transport.storage.readings import Parameter, Reading

#: By the digest of the token. Read once a second for each that is in use.
TOKENS = Reading(lambda: Token.objects.filter(digest=Parameter("digest")))
OWNERS = Reading(
    lambda: get_user_model()._base_manager.filter(mcp_tokens__digest=Parameter("digest"))
)
SERVERS = Reading(
    lambda: Token.servers.through._base_manager.filter(
        token__digest=Parameter("digest")
    ).values_list("server_id")
)


class BearerAuthenticator(DigestAuthenticator):
    """Tokens that operators issue, each to a user."""

    prefix = PREFIX

    def is_well_formed(self, value: str) -> bool:
        """See DigestAuthenticator.is_well_formed()."""
        return is_well_formed(value)

    def load(self, token_digest: str) -> tuple[Principal, int | None]:
        """See DigestAuthenticator.load()."""
        principal, is_use_due = load_principal(token_digest)
        return principal, principal.token_id if is_use_due else None

    def write_use(self, key: int) -> None:
        """See DigestAuthenticator.write_use()."""
        write_use(key)


def load_principal(token_digest: str) -> tuple[Principal, bool]:
    """
    Read a token and its owner's rights; and whether its use is to be written down.

    Raises: InvalidToken.
    """
    tokens = TOKENS.instances(digest=token_digest)
    owners = OWNERS.instances(digest=token_digest)
    for token, owner in zip(tokens, owners, strict=False):  # one of each, or none
        if token.is_usable and owner.is_active:
            token.owner = owner
            servers = SERVERS.rows(digest=token_digest)
            return present(token, [server_id for (server_id,) in servers]), token.is_use_due
    raise InvalidToken(REFUSAL)


def write_use(token_id: int) -> None:
    """Note that a token is in use, unless another worker process just did."""
    Token(pk=token_id).note_use()
