"""How a view says what the document says of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import extend_schema

View = TypeVar("View", bound=Callable[..., Any])


def documented(**details: Any) -> Callable[[View], View]:
    """
    Say what is sent to a view and what it answers; see ``extend_schema``.

    That one goes by the site's default schema class, which need not be the
    one that makes our document.
    """

    def decorate(view: View) -> View:
        view.schema = AutoSchema  # type: ignore[attr-defined]  # where extend_schema looks first
        return extend_schema(**details)(view)

    return decorate
