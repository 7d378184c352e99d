"""The site that is measured: the project's own, with tools that do little."""

from __future__ import annotations
