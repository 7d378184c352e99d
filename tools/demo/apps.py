"""The demo's Django app."""

from __future__ import annotations

from django.apps import AppConfig


class DemoConfig(AppConfig):
    """A bookshop that a newcomer's first client talks to."""

    name = "tools.demo"
    label = "demo"
    verbose_name = "Demo bookshop"
