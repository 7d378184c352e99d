"""Tools whose calls may outlive their connection. Only the tests install it."""

from __future__ import annotations
