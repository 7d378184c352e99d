"""Tests of mcp_transport.api.texts."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from mcp_transport.models import OperatorAction, TextEntry

TEXTS = "/api/texts/"


def test_a_text_is_written_and_changed_in_versions(root: APIClient) -> None:
    made = root.post(TEXTS, {"name": "greet", "text": "Hello"}, format="json")
    assert (made.status_code, made.json()["version"]) == (201, 1), made.json()
    address = f"{TEXTS}{made.json()['id']}/"
    assert root.patch(address, {"text": "Good day"}, format="json").json()["version"] == 2
    versions = TextEntry.objects.get().versions.values_list("number", "author")
    assert sorted(versions) == [(1, "root"), (2, "root")]
    assert OperatorAction.objects.count() == 2
    assert root.delete(address).status_code == 204


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"text": "{who}"}, "text"),
        ({"uri": "text://x"}, "uri"),
        ({"kind": "resource"}, "uri"),
        ({"arguments": [{"name": "no good"}]}, "arguments"),
        ({"name": "no good"}, "name"),
        ({"name": "plan"}, "name"),  # an app's
        ({"kind": "resource", "uri": "note://plain"}, "uri"),
    ],
)
def test_bad_input_names_the_field_and_writes_nothing(
    root: APIClient, body: Any, field: str
) -> None:
    answer = root.post(TEXTS, {"name": "greet", "text": "Hello", **body}, format="json")
    assert (answer.status_code, list(answer.json())) == (400, [field])
    assert not TextEntry.objects.exists()
