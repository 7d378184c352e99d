"""
Servers to compare with, each a program for an environment of its own.

They offer the same tool, answer in JSON and take the port as their argument;
nothing in here may import from the project.
"""

from __future__ import annotations
