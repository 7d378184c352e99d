"""``{% load mx %}``: live parts, and figures in words."""

from __future__ import annotations

import datetime

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from mcp_transport.admin import figures
from mcp_transport.admin.pages import version_of
from mcp_transport.admin.parts import Moment

register = template.Library()

register.filter("mx_count", figures.count)
register.filter("mx_duration", figures.duration)


@register.filter
def mx_time(at: datetime.datetime | None) -> SafeString:
    """Tell a time by its distance, with the exact one in the element."""
    return Moment(at).__html__()


@register.simple_block_tag
def live(
    content: str, url: str, every: int = 15, mode: str = "swap", version: str = ""
) -> SafeString:
    """
    Keep what stands inside up to date from ``url``, which renders the same.

    ``mode`` is ``swap``, or ``timeline`` for an ``<ol>`` whose rows have a
    ``data-key``: new ones wait behind "3 new (show)". A ``version`` is the one
    that the address gives to render_fragment(). When what comes has a
    ``data-over`` in it, nothing more is asked for.
    """
    return format_html(
        '<div class="mx-live" data-live="{}" data-every="{}" data-mode="{}" data-version="{}">'
        "{}</div>",
        url,
        every,
        mode,
        f'W/"{version}"' if version else version_of(content),
        mark_safe(content),  # noqa: S308 - a rendered part of the template, escaped there
    )
