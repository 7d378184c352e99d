"""The worker processes of one site, and what stands in front of them."""

from __future__ import annotations

import asyncio
from urllib.parse import quote

from django.db import connection

from tests import settings
from tests.fleet.front import Front
from tests.fleet.nchan import SECRET, Nchan, front
from tests.process import Folder, Process


class Fleet:
    """So many services of a site that was prepared, each with an address of its own."""

    def __init__(
        self,
        folder: Folder,
        count: int = 2,
        server: str = "uvicorn",
        *,
        workers: int = 1,
        nchans: int = 0,
    ) -> None:
        self.workers = [Process(folder, server, workers=workers) for _ in range(count)]
        ports = [worker.port for worker in self.workers]
        self.nchans = [Nchan(ports) for _ in range(nchans)]
        folder.environment |= {
            "NCHAN_PUBLISHERS": ",".join(nchan.publisher for nchan in self.nchans),
            "NCHAN_SECRET": SECRET if nchans else "",
        }
        place = folder.path / "nginx"
        self.front = front(place, ports, *self.nchans) if nchans else Front(place, ports)

    @property
    def port(self) -> int:
        """Where the front listens."""
        return self.front.port

    async def start(self) -> None:
        """Start everything and wait until all of it listens."""
        await asyncio.gather(*(worker.start() for worker in self.workers))
        await asyncio.gather(*(nchan.start() for nchan in self.nchans))
        await self.front.start()

    def stop(self) -> None:
        """End everything."""
        self.front.stop()
        for worker in self.workers:
            worker.close()
        for nchan in self.nchans:
            nchan.close()


def database_of_tests() -> str:
    """The address of the database that the tests made for themselves."""
    found = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{found['NAME']}"
    user = quote(found["USER"]) + (f":{quote(found['PASSWORD'])}" if found["PASSWORD"] else "")
    return f"postgresql://{user}@{found['HOST']}:{found['PORT']}/{found['NAME']}"


def join(folder: Folder, redis_url: str = "") -> Folder:
    """Have the processes of a folder work on the tests' own rows."""
    folder.environment |= {
        "DATABASE_URL": database_of_tests(),
        "DJANGO_SETTINGS_MODULE": "tests.fleet.settings",
        "SECRET_KEY": settings.SECRET_KEY,
        "ALLOWED_HOSTS": ",".join(settings.ALLOWED_HOSTS),
        "REDIS_URL": redis_url,
    }
    return folder
