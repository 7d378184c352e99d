"""Tests of mcp_transport.migrations."""

from __future__ import annotations

import pytest
from django.core.management import call_command


@pytest.mark.django_db
def test_the_migrations_say_all_that_the_models_do() -> None:
    call_command("makemigrations", "mcp_transport", check=True, dry_run=True, verbosity=0)


@pytest.mark.django_db(transaction=True)
def test_the_tables_can_be_taken_away_and_made_again() -> None:
    try:
        call_command("migrate", "mcp_transport", "zero", verbosity=0)
    finally:
        call_command("migrate", verbosity=0)
