"""Makes the measured site's tables, server and token; prints the token."""

from __future__ import annotations

import os

import django


def prepare() -> str:
    """A token for the server that offers the benchmark's tools."""
    from django.contrib.auth import get_user_model
    from django.core.management import call_command

    from mcp_transport.models import Server, Token

    call_command("migrate", verbosity=0, interactive=False)
    Server.objects.get_or_create(slug="benchmark", defaults={"offers": ["served"]})
    users = get_user_model().objects
    owner = users.filter(username="benchmark").first() or users.create_user("benchmark")
    return str(Token.objects.issue(owner=owner, name="benchmark")[1])


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.served.settings")
    django.setup()
    print(prepare())
