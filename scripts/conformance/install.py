"""Installs the conformance suite and a Node it runs on, as run.py would."""

from __future__ import annotations

import node
from run import cache
from suite import Suite

if __name__ == "__main__":
    Suite.install(node.find(cache()), cache())
