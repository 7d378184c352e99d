"""What Django ends each test with that commits."""

from __future__ import annotations

from typing import Any

from django.core.management.commands import flush

from tests import emptying


class Command(flush.Command):
    """Django's own, where the short way will not do."""

    def handle(self, **options: Any) -> None:
        """See BaseCommand.handle()."""
        alias: str = options["database"]
        if options.get("reset_sequences", True) or not emptying.empty(alias):
            super().handle(**options)
            emptying.remember(alias)
