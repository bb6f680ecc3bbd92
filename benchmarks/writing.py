"""Writing a proposal: a section that saves itself, and all of one on a line of 50 kbit/s that breaks."""

import asyncio
import base64
import json
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa
from journeys.lines import Line, line

from benchmarks.filling import words
from benchmarks.loader import Answer, Client, Failed, Load, drive
from benchmarks.steps import Run, _answers, _form, document
from msme_calls.extensions import db
from msme_calls.proposals.models import Proposal

WRITERS, SAVES = 8, 40
RATE, EVERY = 50_000 / 8, 20  # bytes a second; one request of so many fails
FILE_BYTES, LEAST, MOST = 2_000_000, 32 << 10, 256 << 10
Ask = Callable[[], Awaitable[Answer]]


class Section:
    """A page of a section with its script: saves upon the version that it knows."""

    def __init__(self, client: Client, token: str, own: str) -> None:
        self.client, self.token, self.path, self.version = client, token, f"{own}/sections/project", 0

    async def save(self, **answers: str) -> Answer:
        """One autosave; told of another version it saves upon that one, as a person decides who keeps hers."""
        body = urlencode({"csrf_token": self.token, **answers}).encode()
        tag = {"If_Match": f'"{self.version}"', "Accept": "application/json"}
        try:
            answer = await self.client.ask(self.path, body, method="PUT", expect=200, **tag)
        except Failed:
            answer = await self.client.ask(self.path, body, method="PUT", expect=412, **tag)
            self.version = json.loads(answer.body)["version"]
            return await self.save(**answers)
        self.version = json.loads(answer.body)["version"]
        return answer


def _given(run: Run, n: int) -> dict[str, str]:
    """Answers to all questions of the section."""
    with run.app.app_context():
        types = db.session.scalar(sa.select(Proposal.organisation_type).limit(1))
    return {name: text for name, text in _answers(n).items() if "-" not in name} | {"organisation_type": types}


async def autosave(run: Run) -> Load:
    """A section of 260 words saved while it is written, 8 writers at once; one unit is one saving."""
    sections: dict[Client, Section] = {}
    for cookie in run.filled.newcomers(WRITERS):
        client, token = run.client(cookie), run.filled.tokens[cookie]
        started = await client.ask(f"/en/calls/{run.filled.open}/start", _form(token))
        sections[client] = Section(client, token, started.headers["location"])
        await sections[client].save(title="A title")

    given = [_given(run, n) for n in range(20)]

    async def unit(client: Client, n: int) -> list[Answer]:
        return [await sections[client].save(**given[n % 20])]

    return await drive(list(sections), range(WRITERS * max(2, int(SAVES * run.journeys / 120))), unit)


async def slow_line(run: Run) -> Load:
    """A proposal with a file of 2 MB at 50 kbit/s, one request of twenty failing: from the start to the receipt."""
    [cookie] = run.filled.newcomers(1)
    token = run.filled.tokens[cookie]
    with line(run.port, RATE, EVERY) as slow:
        client, load = Client(slow.port, cookie), Load()
        begun = time.perf_counter()
        started = await insist(client, lambda: client.ask(f"/en/calls/{run.filled.open}/start", _form(token)))
        own = started.headers["location"]
        section = Section(client, token, own)
        for n in range(1, 11):  # twenty words more each time
            given = _given(run, n) | {"project": words(20 * n, 1)}
            await insist(client, lambda given=given: section.save(**given))  # type: ignore[misc]
        await _send(client, slow, token, f"{own}/uploads", document(FILE_BYTES))
        await insist(client, lambda: client.ask(f"{own}/check"))
        key = _form(token, key=str(uuid.uuid4()))
        await insist(client, lambda: client.ask(f"{own}/submit", key))
        load.took, load.seconds = [time.perf_counter() - begun], time.perf_counter() - begun
        client.close()
    load.wire = slow.carried["down"]
    again = slow.sent["PATCH"] - FILE_BYTES - 2000
    if again > slow.failures["PATCH"] * MOST:
        raise Failed(f"{again} bytes were sent again after {slow.failures['PATCH']} failures")
    return load


async def insist(client: Client, ask: Ask) -> Answer:
    """Ask again as browsers do while no answer comes."""
    for _ in range(12):
        try:
            return await ask()
        except (asyncio.IncompleteReadError, ConnectionError):
            client.close()
    raise Failed("no answer in twelve tries")


async def _send(client: Client, slow: Line, token: str, path: str, content: bytes) -> None:
    """A file in chunks that grow while all goes well, as upload.js sends it."""
    tus = {"Tus_Resumable": "1.0.0", "X_CSRFToken": token}
    said = (
        (name, base64.b64encode(text).decode()) for name, text in (("filename", b"plan.pdf"), ("question", b"document"))
    )
    about: dict[str, Any] = {"Upload_Length": str(len(content)), "Upload_Metadata": ",".join(map(" ".join, said))}
    made = await insist(client, lambda: client.ask(path, b"", method="POST", expect=201, **tus, **about))
    url, offset, size = made.headers["location"], 0, LEAST
    url = url[url.index("/en/") :]
    while offset < len(content):
        part = content[offset : offset + size]
        kind = "application/offset+octet-stream"
        try:
            answer = await client.ask(url, part, kind, method="PATCH", expect=204, Upload_Offset=str(offset), **tus)
            size = min(MOST, size * 2)
        except (asyncio.IncompleteReadError, ConnectionError):
            client.close()
            answer = await insist(client, lambda: client.ask(url, method="HEAD", **tus))
            size = LEAST
        offset = int(answer.headers["upload-offset"])
