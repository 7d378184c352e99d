"""The conformance fixtures' Django app."""

from __future__ import annotations

from django.apps import AppConfig


class ConformanceConfig(AppConfig):
    """Registers the fixtures; has no tables."""

    name = "tools.conformance"
    label = "conformance"
    verbose_name = "Conformance fixtures"
