"""A line as in the country: slow, and some requests fail on it. A proxy of ours between the browser and the server."""

import asyncio
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from random import Random

REQUEST = re.compile(rb"(GET|HEAD|POST|PUT|PATCH|DELETE) \S+ HTTP/1\.1\r\n")
LENGTH = re.compile(rb"\r\ncontent-length: (\d+)", re.I)
PIECE, HALF = 2048, 9_000  # bytes of a request that come through when it fails midway


class Line:
    """So many bytes a second each way, for all connections together; of each `every` requests one fails (0: none).

    One that fails never arrives, arrives by half, or arrives and its answer gets lost.
    """

    def __init__(self, port: int, rate: float, every: int = 0, seed: int = 4) -> None:
        self.to, self.rate, self.every, self.chance = port, rate, every, Random(seed)
        self.requests: Counter[str] = Counter()  # by method
        self.failures: Counter[str] = Counter()
        self.sent: Counter[str] = Counter()  # bytes of bodies, as announced
        self.carried: Counter[str] = Counter()  # bytes, up and down
        self.free = {"up": 0.0, "down": 0.0}
        self.port, self.stopped, self.fails_at = 0, asyncio.Event(), 0

    async def bring(self, way: str, data: bytes, to: asyncio.StreamWriter) -> None:
        """Data over the line, at its pace."""
        self.carried[way] += len(data)
        self.free[way] = max(time.monotonic(), self.free[way]) + len(data) / self.rate
        await asyncio.sleep(self.free[way] - time.monotonic())
        to.write(data)
        await to.drain()

    def fate(self, data: bytes) -> str:
        """What becomes of the request that begins here; "" if none does."""
        found = REQUEST.match(data)
        if not found:
            return ""
        method, n = found[1].decode(), self.requests.total()
        self.requests[method] += 1
        if length := LENGTH.search(data):
            self.sent[method] += int(length[1])
        if not self.every:
            return "through"
        if n % self.every == 0:
            self.fails_at = n + self.chance.randrange(self.every)
        if n != self.fails_at:
            return "through"
        self.failures[method] += 1
        return self.chance.choice(("never", "half", "unanswered"))

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection, until an end closes it or a request fails on it."""
        there, to = await asyncio.open_connection("127.0.0.1", self.to)
        one = _Connection(self)
        ways = [asyncio.ensure_future(one.up(reader, to)), asyncio.ensure_future(one.down(there, writer))]
        with suppress(asyncio.CancelledError):
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        for end in (to, writer):
            end.transport.abort()
        await asyncio.gather(*ways, return_exceptions=True)

    async def serve(self, ready: threading.Event) -> None:
        """Until it is stopped."""
        server = await asyncio.start_server(self.connected, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        async with server:
            await self.stopped.wait()


class _Connection:
    """One connection, with the fate of the request that is on it."""

    def __init__(self, line: Line) -> None:
        self.line, self.now, self.left = line, "through", 0

    async def up(self, reader: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
        while data := await reader.read(PIECE):
            if fate := self.line.fate(data):
                self.now, self.left = fate, HALF
            self.left -= len(data)
            if self.now == "never" or (self.now == "half" and (self.left < 0 or len(data) < PIECE)):
                return
            await self.line.bring("up", data, to)

    async def down(self, there: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await there.read(PIECE):
            if self.now in ("half", "unanswered"):
                return
            await self.line.bring("down", data, writer)


@contextmanager
def line(port: int, rate: float, every: int = 0, seed: int = 4) -> Iterator[Line]:
    """A line to a port of this machine, in a thread."""
    loop, made, ready = asyncio.new_event_loop(), Line(port, rate, every, seed), threading.Event()

    def run() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(made.serve(ready))
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    ready.wait(10)
    try:
        yield made
    finally:
        loop.call_soon_threadsafe(made.stopped.set)
        thread.join(10)
