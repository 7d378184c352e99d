"""The pages of the bundled site."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client

import mcpsite


@pytest.mark.urls("mcpsite.urls")
def test_browsers_are_led_to_an_icon() -> None:
    answer = Client().get("/favicon.ico")
    assert answer.status_code == 302
    path = answer.headers["location"].removeprefix("/static/")
    assert (Path(mcpsite.__file__).parent / "static" / path).exists()
