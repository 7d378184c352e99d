"""Finding the entries of the installed apps."""

from __future__ import annotations

from django.utils.module_loading import autodiscover_modules

MODULE = "mcp"


def autodiscover() -> None:
    """
    Import the module ``mcp`` of every installed app, which registers its entries.

    An app without one is passed over; one whose module is broken raises.
    """
    autodiscover_modules(MODULE)
