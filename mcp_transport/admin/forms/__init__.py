"""
Forms for JSON: a JSON Schema becomes fields, and what was typed becomes the value.

Knows JSON Schema and names of inputs; knows no request, no server and no
database. A value goes into a form and comes out unchanged: whatever no field
can hold is shown as JSON, in a box for that field alone.
"""

from __future__ import annotations
