"""The form of a try: what was typed so far, as fields or as JSON, and what is wrong with it."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest

from mcp_transport.admin.forms import pointers
from mcp_transport.admin.forms.fields import IsSecret, masked
from mcp_transport.admin.forms.form import (
    ADD,
    CONTROLS,
    REMOVE,
    Form,
    Problem,
    decode_json,
    encode_json,
)

MAX_FILE = 1_000_000  # bytes of a file that becomes an argument
JSON_FIELD = "arguments"  # the input that holds all of them as JSON
JSON_ID = "arguments-json"
BASE64 = frozenset({"base64", "byte", "base64url"})


class Filling:
    """What an operator typed into the form of a schema."""

    def __init__(
        self, schema: Mapping[str, Any], *, is_secret: IsSecret, prefix: str = "field"
    ) -> None:
        self.schema = schema
        self.is_secret = is_secret
        self.form = Form(schema, {}, is_secret=is_secret, prefix=prefix)
        self.is_json = False
        self.text = "{}"  # the arguments as JSON
        self.others: list[Problem] = []  # what is wrong and is in no field
        self._prefix = prefix

    def start(self, value: Any) -> None:
        """Begin with these arguments."""
        self.form = Form.of(self.schema, value, is_secret=self.is_secret, prefix=self._prefix)

    def take(self, request: HttpRequest) -> None:
        """Take what was sent."""
        self.is_json = request.POST.get("mode") == "json"
        self.text = request.POST.get(JSON_FIELD, "{}")
        names = (name for name in request.POST if _is_field(name))
        data = {name: request.POST[name] for name in names}
        self._take_files(request, data)
        self.form = Form(self.schema, data, is_secret=self.is_secret, prefix=self._prefix)

    def change(self, action: str) -> bool:
        """Do what a button of the form says; False when it is none of them."""
        if action.startswith((ADD, REMOVE)):
            self.form = self.form.changed(action)
        elif action == "json":
            self._to_json()
        elif action == "form":
            self._to_form()
        else:
            return False
        return True

    def read(self, *, is_judged: bool = True) -> Any:
        """The arguments; look at problems afterwards."""
        if self.is_json:
            value = self._decoded()
            if value is None:
                return {}
            self.form = Form.of(self.schema, value, is_secret=self.is_secret, prefix=self._prefix)
            self.form.read()
            if not isinstance(value, dict):
                self._blame("The arguments are a JSON object.")
            elif self.form.forgotten:
                self._blame(f"Type again what was not kept: {', '.join(self.form.forgotten)}.")
        else:
            value = self.form.read()
        if is_judged and not self.problems:
            self.form.check(value)
        return value

    @property
    def problems(self) -> list[Problem]:
        """Everything that is wrong, each with the field in which it is put right."""
        found = [*self.form.problems(), *self.others]
        if not self.is_json:
            return found
        return [Problem(id=JSON_ID, label=item.label, text=item.text) for item in found]

    @property
    def is_sendable(self) -> bool:
        """Whether only the schema objects: whoever wants to see that may send it so."""
        fields = self.form.root.walk()
        return not self.others and not self.form.forgotten and all(f.is_typed for f in fields)

    def _to_json(self) -> None:
        value = self.form.read()
        if all(field.is_typed for field in self.form.root.walk()):
            self.text, self.is_json = encode_json(masked(value, self.is_secret)), True
            self.form = Form(self.schema, {}, is_secret=self.is_secret, prefix=self._prefix)

    def _to_form(self) -> None:
        value = self._decoded()
        if value is not None:
            self.is_json = False
            self.start(value)

    def _decoded(self) -> Any:
        try:
            return decode_json(self.text or "{}")
        except ValueError as error:
            self._blame(f"This is no JSON: {error}.")
            return None

    def _blame(self, text: str) -> None:
        self.others.append(Problem(id=JSON_ID, label="Arguments", text=text))

    def _take_files(self, request: HttpRequest, data: dict[str, str]) -> None:
        fields = {f"{pointers.FILE}{field.place.name}": field for field in self._fields(data)}
        for name, file in request.FILES.items():
            field = fields.get(name)
            if field is None or isinstance(file, list):
                continue
            if (file.size or 0) > MAX_FILE:
                text = f"The file is larger than {MAX_FILE:,} bytes."
                self.others.append(Problem(id=field.place.id, label=field.place.label, text=text))
                continue
            data[field.place.name] = _as_text(file.read(), field.place.shape.schema)

    def _fields(self, data: dict[str, str]) -> list[Any]:
        return Form(self.schema, data, is_secret=self.is_secret, prefix=self._prefix).everything()


def _is_field(name: str) -> bool:
    return name.startswith(("/", *CONTROLS))


def _as_text(content: bytes, schema: Mapping[str, Any]) -> str:
    """A file as an argument: base64, but where the schema asks for bytes as they are."""
    is_base64 = not {schema.get("format"), schema.get("contentEncoding")}.isdisjoint(BASE64)
    try:
        return base64.b64encode(content).decode() if is_base64 else content.decode()
    except UnicodeDecodeError:
        return base64.b64encode(content).decode()
