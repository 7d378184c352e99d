"""
The tables in Django's admin.

Knows the models and how they are shown; knows nothing of running requests.
"""

from __future__ import annotations

from mcp_transport.admin.actions import OperatorActionAdmin
from mcp_transport.admin.activity import (
    AuditCheckpointAdmin,
    EventAdmin,
    StreamAdmin,
    WorkerAdmin,
)
from mcp_transport.admin.calls import CallAdmin
from mcp_transport.admin.identities import IdentityAdmin
from mcp_transport.admin.overview import OverviewAdmin
from mcp_transport.admin.servers import ServerAdmin
from mcp_transport.admin.sessions import SessionAdmin
from mcp_transport.admin.tasks import TaskAdmin
from mcp_transport.admin.texts import TextAdmin
from mcp_transport.admin.tokens import TokenAdmin

__all__ = [
    "AuditCheckpointAdmin",
    "CallAdmin",
    "EventAdmin",
    "IdentityAdmin",
    "OperatorActionAdmin",
    "OverviewAdmin",
    "ServerAdmin",
    "SessionAdmin",
    "StreamAdmin",
    "TaskAdmin",
    "TextAdmin",
    "TokenAdmin",
    "WorkerAdmin",
]
