"""
Every table of the project, under one app label.

The models know their columns, constraints and the rules over one row or one
queryset, and of the protocol no more than the names of its revisions; they
know nothing of connections or of who asks.
"""

from __future__ import annotations

from mcp_transport.models.announcement import Announcement, Report
from mcp_transport.models.call import AuditCheckpoint, Call
from mcp_transport.models.definition import PublishedDefinition
from mcp_transport.models.identity import Identity
from mcp_transport.models.operator_action import OperatorAction
from mcp_transport.models.placeholder import Overview
from mcp_transport.models.rollup import Rollup, RollupProgress
from mcp_transport.models.search_progress import SearchProgress
from mcp_transport.models.server import EntryKind, EntryOverride, Server
from mcp_transport.models.session import Session
from mcp_transport.models.stream import Event, Stream
from mcp_transport.models.task import Task
from mcp_transport.models.text import TextEntry, TextVersion
from mcp_transport.models.ticket import Ticket
from mcp_transport.models.token import Token
from mcp_transport.models.worker import Inbox, Worker

__all__ = [
    "Announcement",
    "AuditCheckpoint",
    "Call",
    "EntryKind",
    "EntryOverride",
    "Event",
    "Identity",
    "Inbox",
    "OperatorAction",
    "PublishedDefinition",
    "Report",
    "Overview",
    "Rollup",
    "RollupProgress",
    "SearchProgress",
    "Server",
    "Session",
    "Stream",
    "Task",
    "TextEntry",
    "TextVersion",
    "Ticket",
    "Token",
    "Worker",
]
