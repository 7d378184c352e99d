"""How a request's credentials become a principal."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping

from django.utils.module_loading import import_string

from mcp_transport.auth.errors import InvalidToken
from mcp_transport.auth.principal import ANONYMOUS, Principal
from mcp_transport.conf import settings


class Authenticator(ABC):
    """One kind of credential."""

    @abstractmethod
    async def authenticate(self, headers: Mapping[bytes, bytes]) -> Principal | None:
        """
        Say who sent these headers; None when they hold no credential of this kind.

        Raises InvalidToken for a credential of this kind that is not good, and
        AuthenticationUnavailable when that cannot be found out.
        """

    def recall(self, headers: Mapping[bytes, bytes]) -> Principal | None:
        """Say who sent these headers if that was found out a moment ago, without waiting."""
        return None

    def ignores(self, headers: Mapping[bytes, bytes]) -> bool:
        """
        Whether these headers can hold no credential of this kind, as their form tells.

        Those that come after this authenticator are only recalled by if it says so.
        """
        return False

    def forget(self) -> None:
        """Drop what is cached: something about users or tokens has changed."""
        return

    async def close(self) -> None:
        """Finish what was begun; called once, before the worker process ends."""
        return


_announced: list[str] = []


def announce_authenticator(path: str) -> None:
    """Have one asked after those of MCP_AUTHENTICATORS, unless it is among them."""
    if path not in _announced:
        _announced.append(path)


class AuthenticatorChain(Authenticator):
    """Authenticators asked in order; the first that knows the credential decides."""

    def __init__(self, authenticators: Iterable[Authenticator]) -> None:
        self._authenticators = tuple(authenticators)

    @classmethod
    def from_settings(cls) -> AuthenticatorChain:
        """Those named in MCP_AUTHENTICATORS, and those that apps of the site bring."""
        paths = dict.fromkeys((*settings.MCP_AUTHENTICATORS, *_announced))
        return cls(import_string(path)() for path in paths)

    async def authenticate(self, headers: Mapping[bytes, bytes]) -> Principal:
        """Say who asks: ANONYMOUS without credentials, never with unknown ones."""
        for authenticator in self._authenticators:
            principal = await authenticator.authenticate(headers)
            if principal is not None:
                return principal
        if headers.get(b"authorization", b"")[:7].lower() == b"bearer ":
            raise InvalidToken("This bearer token is not one that the site knows.")
        return ANONYMOUS

    def recall(self, headers: Mapping[bytes, bytes]) -> Principal | None:
        """Ask in order: another's word counts only if those before have none."""
        for authenticator in self._authenticators:
            principal = authenticator.recall(headers)
            if principal is not None:
                return principal
            if not authenticator.ignores(headers):
                return None
        return None

    def ignores(self, headers: Mapping[bytes, bytes]) -> bool:
        """Whether none of them looks at these headers."""
        return all(authenticator.ignores(headers) for authenticator in self._authenticators)

    def forget(self) -> None:
        """Let every authenticator forget."""
        for authenticator in self._authenticators:
            authenticator.forget()

    async def close(self) -> None:
        """Close every authenticator."""
        for authenticator in self._authenticators:
            await authenticator.close()
