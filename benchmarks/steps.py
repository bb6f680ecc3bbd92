"""The steps: what people do on the busiest days of a call, over real HTTP."""

import asyncio
import io
import random
import secrets
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa
from pypdf import PdfWriter
from pypdf.generic import NameObject, StreamObject

from benchmarks.filling import Filled, decide, words
from benchmarks.loader import Answer, Client, Failed, Load, drive
from msme_calls import clock
from msme_calls.extensions import db
from msme_calls.proposals.models import Attachment, Proposal, Status
from msme_calls.reviews.models import Review

PDF_BYTES = 200_000
CLIENTS_AT_THE_INSTANT = 500
LATE = 0.3  # seconds: PostgreSQL's clock is asked once a second, and its answer counts from when it is heard
LONGEST = 6.0  # seconds that a step without an end of its own takes


@dataclass
class Run:
    """One installation with its data and its server."""

    app: Any
    filled: Filled
    port: int
    n: int
    journeys: int
    reviews: int
    requests: int
    rest: int = 10**9  # at most so many units, to warm up
    winner: str = ""  # whose name appears at the instant
    moment: float = 0  # that instant, by time.time

    def client(self, cookie: str = "") -> Client:
        return Client(self.port, cookie)


async def call_page(run: Run) -> Load:
    """The public page of the open call, 16 connections."""
    return await _get(run, f"/en/calls/{run.filled.open}", 16, run.requests)


async def hello(run: Run) -> Load:
    """Bare Flask under the same server, 16 connections."""
    return await _get(run, "/", 16, run.requests)


async def _get(run: Run, path: str, connections: int, many: int, cookie: str = "") -> Load:
    async def unit(client: Client, _: int) -> list[Answer]:
        return [await client.ask(path)]

    return await drive([run.client(cookie) for _ in range(connections)], range(many), unit, LONGEST)


def document(size: int = PDF_BYTES) -> bytes:
    """A PDF of about that size that there is only once."""
    writer, out = PdfWriter(), io.BytesIO()
    page = writer.add_blank_page(595, 842)
    stream = StreamObject()
    stream.set_data(secrets.token_bytes(size - 1000))
    page[NameObject("/BenchmarkData")] = writer._add_object(stream)
    writer.write(out)
    return out.getvalue()


def _form(token: str, **values: str) -> bytes:
    return urlencode({"csrf_token": token, **values}).encode()


def _multipart(token: str, content: bytes) -> tuple[bytes, str]:
    edge = secrets.token_hex(12)
    parts = [("csrf_token", "", token.encode()), ("section-version", "", b"0")]
    parts.append(("document", '; filename="plan.pdf"\r\nContent-Type: application/pdf', content))
    body = b"".join(
        f'--{edge}\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'.encode() + value + b"\r\n"
        for name, more, value in parts
    )
    return body + f"--{edge}--\r\n".encode(), f"multipart/form-data; boundary={edge}"


def _answers(n: int) -> dict[str, str]:
    return {
        "title": f"A project {n}", "summary": words(60, n), "organisation": f"A new enterprise {n}",
        "organisation_type": "msme", "economy": "KE", "language": "en",
        "project": words(200, n), "section-version": "0",
    }  # fmt: skip


async def journey(run: Run) -> Load:
    """An applicant, signed in, 8 at once: start, save a section, upload a PDF of 200 kB, submit; none lost."""
    return await _journeys(run, looks=False)


async def journey_pages(run: Run) -> Load:
    """The same with every page that a browser shows on the way (6 more)."""
    return await _journeys(run, looks=True)


async def _journeys(run: Run, looks: bool) -> Load:
    applicants = run.filled.newcomers(run.journeys)
    with run.app.app_context():
        types = db.session.scalar(sa.select(Proposal.organisation_type).limit(1))
    files = [document() for _ in applicants]

    async def unit(_: Client, job: tuple[int, str]) -> list[Answer]:
        n, cookie = job
        client, answers = run.client(cookie), []
        token, start = run.filled.tokens[cookie], f"/en/calls/{run.filled.open}/start"

        async def post(path: str, body: bytes, **more: Any) -> str:
            answers.append(await client.ask(path, body, **more))
            to = answers[-1].headers["location"]
            if looks:
                answers.append(await client.ask(to))
            return to

        if looks:
            answers.append(await client.ask(start))
        own = await post(start, _form(token))
        if looks:
            answers.append(await client.ask(f"{own}/sections/project"))
        await post(f"{own}/sections/project", _form(token, **_answers(n) | {"organisation_type": types}))
        body, kind = _multipart(token, files[n])
        await post(f"{own}/sections/documents", body, kind=kind)
        await post(f"{own}/submit", _form(token, key=str(uuid.uuid4())))
        client.close()
        return answers

    before = _kept(run)
    load = await drive([run.client() for _ in range(8)], list(enumerate(applicants)), unit)
    found = {name: now - then for (name, now), then in zip(_kept(run).items(), before.values(), strict=True)}
    if set(found.values()) != {len(applicants)}:
        raise Failed(f"of {len(applicants)} journeys there are {found}")
    return load


def _kept(run: Run) -> dict[str, int]:
    """What is there of submitted proposals and files, in the database and on the disk."""
    with run.app.app_context():
        new = Proposal.reference.like("BO-%") & (Proposal.status == Status.SUBMITTED)
        proposals = db.session.scalar(sa.select(sa.func.count()).select_from(Proposal).where(new)) or 0
        files = db.session.scalar(sa.select(sa.func.count()).select_from(Attachment)) or 0
    sizes = [p.stat().st_size for p in run.app.settings.files.rglob("*") if p.is_file() and len(p.name) == 64]
    return {"proposals": proposals, "files": files, "contents": sum(s > PDF_BYTES / 2 for s in sizes)}


async def review_page(run: Run) -> Load:
    """A proposal beside its score sheet, as a reviewer sees it, 4 at once."""

    async def unit(_: Client, job: tuple[str, str, str]) -> list[Answer]:
        client = run.client(job[0])
        answer = await client.ask(f"/en/reviews/{job[2]}")
        client.close()
        return [answer]

    return await drive([run.client() for _ in range(4)], run.filled.reviewers[: run.rest], unit, LONGEST)


async def review_save(run: Run) -> Load:
    """Handing that review in: all scores and 60 words, 4 at once; the proposal's place is computed anew; none lost."""
    before = written(run)
    with run.app.app_context():
        keys = list((db.session.scalars(sa.select(Review.scores).limit(1)).first() or {}).keys())
    tasks = run.filled.unwritten(run.reviews)
    scores = {f"score-{key}": str(random.randint(0, 5)) for key in keys}
    more = {"comment_applicant": words(40, 1), "comment_committee": words(20, 2), "language": "en"}

    async def unit(_: Client, job: tuple[str, str, str]) -> list[Answer]:
        client = run.client(job[0])
        body = _form(job[1], version="0", act="submit", **scores, **more)
        answer = await client.ask(f"/en/reviews/{job[2]}", body)
        client.close()
        return [answer]

    load = await drive([run.client() for _ in range(4)], tasks, unit)
    if (found := written(run) - before) != len(tasks):
        raise Failed(f"of {len(tasks)} reviews there are {found}")
    return load


def written(run: Run) -> int:
    """How many reviews there are."""
    with run.app.app_context():
        return db.session.scalar(sa.select(sa.func.count()).select_from(Review)) or 0


async def ranking(run: Run) -> Load:
    """The first page of the ranked list (50 rows), 4 at once."""
    return await _get(
        run, f"/en/desk/{run.filled.judged}/ranking", 4, min(run.rest, run.requests // 8), run.filled.coordinator
    )


async def export(run: Run) -> Load:
    """All reviews as CSV, one at a time."""
    return await _get(
        run, f"/en/desk/{run.filled.judged}/progress/reviews.csv", 1, min(run.rest, 3), run.filled.coordinator
    )


def seal(run: Run) -> None:
    """Decide and seal all of it for an instant that is about to come: no part of what is measured."""
    with run.app.app_context():
        due = clock.tick().replace(microsecond=0) + timedelta(seconds=6 + run.n / 1000)
        run.winner = decide(run.filled.judged, run.filled.coordinators, due)
        wait = (due - clock.tick()).total_seconds()
    if wait < 1.5:
        raise Failed("sealing took too long for this instant")
    run.moment = due.timestamp()
    time.sleep(wait - 1)


async def instant(run: Run) -> Load:
    """The home page around the second of publication, 500 clients: no winner before it, each answer with it after."""
    whole = Load()

    async def one(shift: float) -> None:
        client = run.client()
        for moment in (run.moment + shift, run.moment + shift + 1):
            await asyncio.sleep(max(0, moment - time.time()))
            asked = time.perf_counter()
            answer = await _looked(client, run)
            whole.took.append(time.perf_counter() - asked)
            whole.wire += answer.wire
        client.close()

    begun = time.perf_counter()
    many = min(CLIENTS_AT_THE_INSTANT, run.requests)
    await asyncio.gather(*(one(random.uniform(-0.5, 0.5)) for _ in range(many)))
    whole.seconds = time.perf_counter() - begun
    return whole


async def _looked(client: Client, run: Run) -> Answer:
    asked = time.time()
    answer = await client.ask("/en/")
    shown, answered = run.winner.encode() in answer.body, time.time()
    if shown and answered < run.moment:
        raise Failed("the result was shown before its instant")
    if not shown and asked > run.moment + LATE:
        raise Failed("the result was not shown after its instant")
    return answer


Step = Callable[[Run], Awaitable[Load]]
STEPS: dict[str, Step] = {
    "call page": call_page,
    "journey": journey,
    "journey with pages": journey_pages,
    "review page": review_page,
    "review save": review_save,
    "ranked list": ranking,
    "export": export,
    "at the instant": instant,
}

PREPARED: dict[str, Callable[[Run], None]] = {"at the instant": seal}
