"""How the tables of the authorization server came to be."""

from __future__ import annotations
