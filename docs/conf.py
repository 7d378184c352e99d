"""How ``make docs`` makes a site of these pages: Sphinx, which reads Markdown by MyST."""

from __future__ import annotations

from typing import Any

from pygments.lexers.special import TextLexer

from mcp_transport.version import __version__

project = "MCP Transport for Django"
author = "MCP Transport for Django contributors"
copyright = author  # noqa: A001 - Sphinx's own name for it
release = __version__

extensions = ["myst_parser"]
exclude_patterns = ["samples"]
html_theme = "furo"
html_title = project
html_copy_source = False
myst_heading_anchors = 3
nitpicky = True


def setup(app: Any) -> None:
    """Show diagrams as they are written; forges draw them."""
    app.add_lexer("mermaid", TextLexer)
