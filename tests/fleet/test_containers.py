"""The files in docker/, as far as they can be tried without containers."""

from __future__ import annotations

import asyncio
import json
import re
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from mcp_transport.conf import Settings
from mcp_transport.serving.servers import GRACE
from tests.fleet import certificate, nchan
from tests.fleet.front import Front, guide
from tests.process import LIMIT, PROJECT, START_LIMIT, Folder, free_port

DOCKER = PROJECT / "docker"
READ_BY_OTHERS = {
    "PGPASSWORD": "libpq, which takes any character in it, as an address would not",
    "FORWARDED_ALLOW_IPS": "uvicorn",
    "WEB_CONCURRENCY": "mcp serve",
}
LISTEN = re.compile(r"    listen [^}]*?(?=\n\n)", re.DOTALL)
LIMITED = """
from mcp_transport.models import Server
Server.objects.create(slug="open", access="public", offers=["demo"], principal_rate=1)
"""


class Loader(yaml.SafeLoader):
    """Reads compose's own tags as what they stand before."""


def as_list(loader: yaml.SafeLoader, node: yaml.SequenceNode) -> list[Any]:
    """What a tag stands before."""
    return list(loader.construct_sequence(node))


Loader.add_constructor("!override", as_list)


def compose(name: str = "compose.yaml") -> dict[str, Any]:
    """The services of a file."""
    text = (DOCKER / name).read_text(encoding="utf-8")
    services = yaml.load(text, Loader)["services"]
    assert isinstance(services, dict)
    return services


def environment(variables: dict[str, str]) -> dict[str, str]:
    """What the site's container is given when these variables are set."""

    def value(found: re.Match[str]) -> str:
        return variables.get(found["name"]) or (found["default"] or "")

    pattern = r"\$\{(?P<name>\w+)(?::-(?P<default>[^}]*)|:\?[^}]*)\}"
    given = compose()["site"]["environment"].items()
    return {name: re.sub(pattern, value, str(text)) for name, text in given}


# --- what the files say


def test_every_variable_is_read_by_somebody() -> None:
    source = "".join(
        path.read_text(encoding="utf-8") for path in (PROJECT / "mcpsite").glob("*.py")
    )
    given = set(environment({}))
    for name in ("compose.tls.yaml", "compose.nchan.yaml"):
        given |= set(compose(name)["site"]["environment"])
    unread = {name for name in given if f'"{name}"' not in source}
    assert unread == set(READ_BY_OTHERS)


def test_nothing_but_the_proxy_can_be_reached() -> None:
    services = compose()
    assert [name for name, service in services.items() if "ports" in service] == ["proxy"]
    assert all(port.startswith("127.0.0.1:") for port in services["proxy"]["ports"])
    assert list(compose("compose.tls.yaml")["proxy"]["ports"]) == ["443:443"]


def test_a_container_has_the_time_to_drain() -> None:
    grace = compose()["site"]["stop_grace_period"]
    assert int(grace.removesuffix("s")) > Settings.MCP_DRAIN_TIMEOUT + GRACE
    assert compose()["site"]["init"] is True


def test_what_others_wait_for_has_a_way_to_say_that_it_is_there() -> None:
    services = compose()
    waited_for = {
        name
        for service in services.values()
        for name, terms in service.get("depends_on", {}).items()
        if terms["condition"] == "service_healthy"
    }
    assert waited_for == {"site", "database"}
    assert "healthcheck" in services["database"]
    assert "/readyz" in " ".join(health_check(8000))


@pytest.mark.parametrize(
    ("name", "shown"),
    [("nginx.nchan.conf.template", 0), ("nchan.conf.template", 1)],
)
def test_what_holds_streams_is_configured_as_its_guide_says(name: str, shown: int) -> None:
    text = (DOCKER / name).read_text(encoding="utf-8").partition("\n")[2]
    servers = re.compile(r"( +server [^u\n{]*;\n)+")
    said = nchan.guide()[shown].replace("    server_name shop.example;\n", "")
    text = text.replace("${NCHAN_SECRET}", nchan.SECRET)
    assert servers.sub("", text) == servers.sub("", said)


def test_what_holds_streams_shares_sockets_and_a_secret_with_those_who_need_them() -> None:
    services = compose("compose.nchan.yaml")
    assert set(services) == {"proxy", "nchan", "site"}
    for service in services.values():
        assert "nchan:/run/nchan" in service["volumes"]
        assert "NCHAN_SECRET" in service["environment"]
    assert "ports" not in services["nchan"]


@pytest.mark.parametrize("name", ["nginx.conf", "nginx.tls.conf"])
def test_the_proxy_is_configured_as_the_guide_says(name: str) -> None:
    text = (DOCKER / name).read_text(encoding="utf-8").partition("\n")[2]
    servers = r"(    server [^\n{]*\n)+"
    assert re.sub(servers, "", LISTEN.sub("", text)) == re.sub(servers, "", LISTEN.sub("", guide()))
    assert f"./{name}:/etc/nginx/conf.d/default.conf:ro" in [
        volume
        for file in DOCKER.glob("*.yaml")
        for volume in compose(file.name)["proxy"]["volumes"]
    ]


def test_what_the_image_is_made_of_is_there() -> None:
    files = DOCKER.glob("*Dockerfile")
    text = "".join(file.read_text(encoding="utf-8") for file in files)
    copied = [words.split()[:-1] for words in re.findall(r"^COPY (.*)$", text, re.MULTILINE)]
    assert [name for names in copied for name in names if not (PROJECT / name).exists()] == []


def health_check(port: int) -> list[str]:
    """The command that asks a site on a port, with this Python."""
    text = (DOCKER / "Dockerfile").read_text(encoding="utf-8")
    found = re.search(r"HEALTHCHECK (?:.*\\\n)?\s*CMD (\[.*\])", text)
    assert found
    command = [str(part).replace(":8000", f":{port}") for part in json.loads(found[1])]
    return [sys.executable, *command[1:]]


# --- what they start


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A site as its container runs it, behind the proxy."""

    folder: Folder
    front: Front
    port: int
    public: str
    endpoint: str
    token: str
    certificate: str  # who vouches for it, if anybody has to

    def client(self, address: str = "127.0.0.1") -> httpx.AsyncClient:
        """A browser on an address of this machine."""
        cafile = self.certificate
        verify = ssl.create_default_context(cafile=cafile) if cafile else False
        transport = httpx.AsyncHTTPTransport(local_address=address, verify=verify)
        return httpx.AsyncClient(base_url=self.public, transport=transport, timeout=LIMIT)


@asynccontextmanager
async def running(path: Path, name: str, scheme: str) -> AsyncIterator[Running]:
    """Start the image's command in the environment that compose gives it."""
    port = free_port()
    site = (DOCKER / name).read_text(encoding="utf-8")
    vouching = ""
    if scheme == "https":
        made, key = certificate.make(path)
        vouching = str(made)
        site = site.replace("/etc/nginx/tls/fullchain.pem", vouching)
        site = site.replace("/etc/nginx/tls/privkey.pem", str(key))
    front = Front(path / "nginx", [port], site=site)
    public = f"{scheme}://localhost:{front.port}"
    folder = Folder(path)
    folder.environment.pop("MCP_EXTRA_APPS")
    folder.environment |= environment({"PUBLIC_URL": public}) | {"DATABASE_URL": ""}
    with image_command(folder, port) as process:
        endpoint, token = await asyncio.to_thread(announced, process)
        await front.start()
        try:
            yield Running(
                folder=folder,
                front=front,
                port=port,
                public=public,
                endpoint=endpoint,
                token=token,
                certificate=vouching,
            )
        finally:
            front.stop()


@contextmanager
def image_command(folder: Folder, port: int) -> Iterator[subprocess.Popen[str]]:
    """What the image runs, on another port."""
    text = (DOCKER / "Dockerfile").read_text(encoding="utf-8")
    found = re.search(r"^CMD (\[.*\])$", text, re.MULTILINE)
    assert found
    command = [str(part).replace("8000", str(port)) for part in json.loads(found[1])]
    log = (folder.path / "log").open("ab")
    process = subprocess.Popen(
        [sys.executable, *command[1:]],
        cwd=PROJECT,
        env=folder.environment,
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=START_LIMIT)
        log.close()


def announced(process: subprocess.Popen[str]) -> tuple[str, str]:
    """The endpoint and the token that the site prints."""
    assert process.stdout is not None
    said: dict[str, str] = {}
    while len(said) < 2:
        line = process.stdout.readline()
        assert line, "The site ended before it said where it is."
        name, _, value = line.strip().partition(": ")
        if name in {"endpoint", "token"}:
            said[name] = value
    return said["endpoint"], said["token"]


@pytest.mark.server
@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    ("name", "scheme"), [("nginx.conf", "http"), ("nginx.tls.conf", "https")], ids=["http", "tls"]
)
async def test_a_site_behind_its_proxy_is_what_it_says_it_is(
    tmp_path: Path, name: str, scheme: str
) -> None:
    async with running(tmp_path, name, scheme) as site:
        assert site.endpoint == f"{site.public}/mcp/demo"
        await the_doctor_finds_nothing(site)
        await pages_of_the_site_may_write(site)
        await clients_are_told_apart(site)
        await its_health_is_known(site)


async def the_doctor_finds_nothing(site: Running) -> None:
    """From outside, by the address that was printed."""
    site.folder.environment["SSL_CERT_FILE"] = site.certificate
    doctor = ["mcp", "doctor", site.endpoint, "--token", site.token, "--patience", "0", "--json"]
    findings = json.loads(await asyncio.to_thread(site.folder.manage, *doctor))
    assert {finding["status"] for finding in findings} <= {"ok", "skipped"}, findings


async def pages_of_the_site_may_write(site: Running) -> None:
    """The form to log in is taken from where the browser is, and from nowhere else."""
    async with site.client() as browser:
        form = await browser.get("/admin/login/")
        assert form.status_code == 200
        names = {"csrfmiddlewaretoken": browser.cookies["csrftoken"], "username": "x"}
        for origin, status in ((site.public, 200), ("https://evil.example", 403)):
            headers = {"origin": origin, "referer": f"{origin}/admin/login/"}
            answer = await browser.post("/admin/login/", data=names, headers=headers)
            assert answer.status_code == status
        icon = await browser.get("/favicon.ico", follow_redirects=True)
        assert (icon.status_code, icon.headers["content-type"]) == (200, "image/svg+xml")
        headers = {"accept": "text/html", "authorization": f"Bearer {site.token}"}
        page = await browser.get("/mcp/demo", headers=headers)
        assert site.endpoint in page.text
        assert (await browser.get("/mcp/demo", headers={"host": "evil.example"})).status_code == 403


async def clients_are_told_apart(site: Running) -> None:
    """A limit for each address counts the client's, not the proxy's."""
    await asyncio.to_thread(site.folder.manage, "shell", "--verbosity", "0", "-c", LIMITED)
    found = []
    for address in ("127.0.0.2", "127.0.0.3", "127.0.0.2"):
        async with site.client(address) as client:
            found.append((await client.get("/mcp/open/tools")).status_code)
    assert found == [200, 200, 429]


async def its_health_is_known(site: Running) -> None:
    """The image's own check succeeds, and fails where nothing answers."""
    for port, is_well in ((site.port, True), (free_port(), False)):
        done = await asyncio.to_thread(
            subprocess.run, health_check(port), capture_output=True, timeout=START_LIMIT
        )
        assert (done.returncode == 0) is is_well, done.stderr
