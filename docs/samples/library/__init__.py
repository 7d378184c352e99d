"""The tutorial's app; its pages show these files, and the tests run them."""

from __future__ import annotations
