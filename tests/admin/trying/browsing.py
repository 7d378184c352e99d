"""A browser that runs no scripts: it reads forms and sends them back."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser
from typing import Any

from django.contrib.auth.models import User
from django.test import Client

from tests.admin.trying.conftest import hear


class Fields(HTMLParser):
    """What the forms of a page would send if nobody touched them, by the id of the form."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: list[dict[str, str]] = []
        self._area = self._select = ""
        self._text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        """Note a field."""
        has = dict(attrs)
        if tag == "form":
            self.forms.append({})
        elif tag == "input" and has.get("name"):
            is_off = has.get("type") in ("radio", "checkbox") and "checked" not in has
            if not is_off and has.get("type") != "file":
                self._put(has["name"], has.get("value") or "")
        elif tag == "textarea":
            self._area, self._text = has["name"], ""
        elif tag == "select":
            self._select = has["name"]
            self._put(self._select, "")
        elif tag == "option" and self._select and "selected" in has:
            self._put(self._select, has.get("value") or "")

    def handle_data(self, data: str) -> None:
        """Note the text of a field."""
        self._text += data

    def handle_endtag(self, tag: str) -> None:
        """End a field."""
        if tag == "textarea":
            self._put(self._area, self._text.removeprefix("\n").replace("\n", "\r\n"))
        if tag == "select":
            self._select = ""

    def _put(self, name: str, value: str) -> None:
        if self.forms:
            self.forms[-1][name] = value


class Reader:
    """An operator with a browser that runs no scripts."""

    def __init__(self, user: User) -> None:
        self.client = Client(enforce_csrf_checks=True)
        self.client.force_login(user)
        self.text = ""
        self.address = ""
        self.status = 0

    def open(self, address: str) -> Reader:
        """Go to a page."""
        return self._show(self.client.get(address, follow=True), address)

    def press(self, do: str, /, **typed: str) -> Reader:
        """Press a button of the last form, after something was typed into it."""
        return self._send({**Fields(self.text).forms[-1], **typed, "do": do})

    def reply(self, do: str, /, **typed: str) -> Reader:
        """Press a button of a question's form, after something was typed into it."""
        form = next(f for f in Fields(self.text).forms if "question" in f)
        return self._send({**form, **typed, "do": do})

    def _send(self, sent: dict[str, str]) -> Reader:
        return self._show(self.client.post(self.address, sent, follow=True), self.address)

    def _show(self, response: Any, address: str) -> Reader:
        self.text = response.content.decode()
        self.status = response.status_code
        chain = getattr(response, "redirect_chain", [])
        self.address = chain[-1][0] if chain else address
        return self

    @property
    def run(self) -> str:
        """The run that is shown."""
        found = re.search(r"/runs/([^/]+)/", self.address)
        assert found, self.text
        return found[1]

    @property
    def readable(self) -> str:
        """What is written on the page."""
        inner = self.text.partition('id="content-main"')[2]
        return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", inner)).split())

    def finish(self) -> Reader:
        """Wait for the end of the run and load its page again."""
        hear(self.run)
        return self.open(self.address)
