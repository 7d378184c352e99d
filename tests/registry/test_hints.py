"""Tests of mcp_transport.registry.hints."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from mcp_transport import Context, SyncContext
from mcp_transport.registry.hints import check_contexts, context_type, type_hints


class Made:
    def __init__(self, context: Context) -> None:
        self.context = context


@pytest.mark.parametrize(
    ("hint", "found"),
    [(Context, Context), (SyncContext | None, SyncContext), (int, None), (list[int], None)],
)
def test_a_context_is_known_alone_or_with_none(hint: Any, found: Any) -> None:
    assert context_type(hint) is found


def test_a_class_is_asked_for_what_makes_it() -> None:
    assert type_hints(Made, "dependency")["context"] is Context


def test_one_context_of_the_right_kind_passes() -> None:
    check_contexts("tool a", [], {}, is_async=True)
    check_contexts("tool a", ["ctx"], {"ctx": Context}, is_async=True)


@pytest.mark.parametrize(
    ("hint", "is_async", "right"), [(SyncContext, True, "Context"), (Context, False, "SyncContext")]
)
def test_a_context_of_the_other_kind_is_refused(hint: Any, is_async: bool, right: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=f"annotate 'ctx' with {right}"):
        check_contexts("tool a", ["ctx"], {"ctx": hint}, is_async=is_async)
