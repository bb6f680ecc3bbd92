"""A small HTTP/1.1 client that holds many connections open, and what a number of them measure together."""

import asyncio
import time
import zlib
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import brotli


@dataclass
class Answer:
    """What came back: `wire` counts every byte of it, head included, as it was sent (compressed)."""

    status: int
    headers: dict[str, str]
    raw: bytes
    wire: int

    @property
    def body(self) -> bytes:
        unpack = {"br": brotli.decompress, "gzip": lambda raw: zlib.decompress(raw, 31)}
        return unpack.get(self.headers.get("content-encoding", ""), bytes)(self.raw)


class Failed(Exception):
    """An answer that the step did not expect."""


class Client:
    """One browser: one connection kept open, one cookie."""

    def __init__(self, port: int, cookie: str = "") -> None:
        self.port, self.cookie = port, cookie
        self.reader: asyncio.StreamReader | None = None

    async def ask(
        self,
        path: str,
        body: bytes | None = None,
        kind: str = "application/x-www-form-urlencoded",
        expect: int = 0,
        method: str = "",
        **more: str,
    ) -> Answer:
        """GET, or POST where there is a body, or another method. Raises Failed for another status than expected

        (200; POST: 302). `more` headers are written with “_” for “-”.
        """
        method = method or ("GET" if body is None else "POST")
        head = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{self.port}"]
        head += ["Accept-Encoding: br, gzip", "Accept-Language: en"]
        head += [f"{name.replace('_', '-')}: {value}" for name, value in ({"Accept": "text/html"} | more).items()]
        head += [f"Cookie: {self.cookie}"] if self.cookie else []
        head += [f"Content-Type: {kind}", f"Content-Length: {len(body)}"] if body is not None else []
        sent = "\r\n".join([*head, "", ""]).encode() + (body or b"")
        kept = self.reader is not None
        try:
            answer = await self._exchange(sent, method != "HEAD")
        except (asyncio.IncompleteReadError, ConnectionError):
            if not kept or body is not None:  # an idle connection may be closed by the server; nothing was lost
                raise
            self.close()
            answer = await self._exchange(sent, method != "HEAD")
        wanted = expect or (200 if body is None else 302)
        if answer.status != wanted:
            raise Failed(f"{head[0]}: {answer.status} instead of {wanted}\n{answer.body[:2000].decode()}")
        return answer

    async def _exchange(self, sent: bytes, has_body: bool) -> Answer:
        if self.reader is None:
            self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 20)
        self.writer.write(sent)
        head = await self.reader.readuntil(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines if line)}
        if cookie := headers.get("set-cookie"):
            self.cookie = cookie.partition(";")[0]
        raw, wire = await self._body(headers) if has_body else (b"", 0)
        if headers.get("connection", "").lower() == "close":
            self.close()
        return Answer(int(first.split()[1]), headers, raw, len(head) + wire)

    async def _body(self, headers: dict[str, str]) -> tuple[bytes, int]:
        assert self.reader
        if headers.get("transfer-encoding") != "chunked":
            raw = await self.reader.readexactly(int(headers.get("content-length", 0)))
            return raw, len(raw)
        parts, wire = [], 0
        while True:
            line = await self.reader.readline()
            part = await self.reader.readexactly(int(line, 16) + 2)
            wire += len(line) + len(part)
            if len(part) == 2:
                return b"".join(parts), wire
            parts.append(part[:-2])

    def close(self) -> None:
        if self.reader is not None:
            self.writer.close()
            self.reader = None


@dataclass
class Load:
    """What a step did: how long each unit took (seconds), how many bytes came, and how long all of it took."""

    took: list[float] = field(default_factory=list)
    wire: int = 0
    seconds: float = 0

    def at(self, share: float) -> float:
        """The milliseconds within which this share of the units was done."""
        ordered = sorted(self.took)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000 if ordered else 0


Unit = Callable[[Client, Any], Awaitable[Any]]


async def drive(clients: list[Client], jobs: Iterable[Any], unit: Unit, most: float = 1e9) -> Load:
    """Let every client take the next job as soon as its last one is done, for `most` seconds. `unit` gives answers."""
    load, waiting, begun = Load(), iter(jobs), time.perf_counter()

    async def work(client: Client) -> None:
        for job in waiting:
            start = time.perf_counter()
            answers = await unit(client, job)
            load.took.append(time.perf_counter() - start)
            load.wire += sum(answer.wire for answer in answers)
            if time.perf_counter() - begun > most:
                break

    await asyncio.gather(*(work(client) for client in clients))
    load.seconds = time.perf_counter() - begun
    for client in clients:
        client.close()
    return load
