"""The proposals of the demonstration: written section by section while their call was open, most of them handed in."""

import io
import re
from datetime import datetime
from functools import partial
from typing import Any

from msme_calls import i18n, uploads
from msme_calls.calls.models import Call, Question
from msme_calls.demo import documents, teams
from msme_calls.demo.dates import DAY, Dates
from msme_calls.demo.people import join, people
from msme_calls.demo.story import Story, odd, read
from msme_calls.proposals import actions
from msme_calls.questions import File

Data = dict[str, Any]


def tell(story: Story, key: str, dates: Dates) -> None:
    """How the proposals to one call were written, spread over the time it was or has been open."""
    mine = [p for p in read("proposals")["proposals"] if p["call"] == key]
    end = min(dates.closes, story.now) - DAY / 2
    step = (end - dates.opens) / (len(mine) + 1)
    known = people()
    for n, data in enumerate(mine):
        begun = dates.opens + n * step + odd(data["key"], step / 4)
        writing = step / 2
        story.add(begun - min(step / 8, DAY), partial(join, story, known[data["owner"]]))
        story.add(begun, partial(_start, story, data))
        teams.tell(story, data, begun, writing)
        for part in range(1, 8):
            story.add(begun + part * writing / 8, partial(_save, story, data, dates, part - 1))
        if data["state"] != "draft":
            story.add(begun + writing, partial(_submit, story, data))
        if data["state"] == "withdrawn":
            story.add(begun + step, partial(_withdraw, story, data))


def _start(story: Story, data: Data, at: datetime) -> None:
    story.proposals[data["key"]] = actions.start(story.calls[data["call"]], by=story.people[data["owner"]], at=at)


def _save(story: Story, data: Data, dates: Dates, n: int, at: datetime) -> None:
    """Save the n-th section, if the form has so many and something was answered there."""
    call = story.calls[data["call"]]
    if n >= len(call.sections):
        return
    section, by = call.sections[n], story.people[data["owner"]]
    given = {q.key: data["answers"][q.key] for q in section.questions if q.key in data["answers"]}
    for question in section.questions:
        if question.key in given and question.kind == "file":
            _attach(story, data, question, at)
        elif question.key in given and question.kind == "date":
            given[question.key] = dates.day(given[question.key])
    if given:
        actions.save_section(story.proposals[data["key"]], section, given, by=by, at=at)


def _attach(story: Story, data: Data, question: Question, at: datetime) -> None:
    limits = File().limits(question)
    title = data["document"]
    if story.proposals[data["key"]].attachments:  # the second document says what it is: an annex
        title = f"{title} ({question.label[data['language']]})"
    content = documents.pdf(title, _paragraphs(story.calls[data["call"]], data), limits["max_pages"])
    name = "-".join(re.findall(r"[a-z0-9]+", i18n.folded(title)))[:110] + ".pdf"
    checked = uploads.take(
        io.BytesIO(content), name, kinds=limits["kinds"], max_bytes=limits["max_bytes"], max_pages=limits["max_pages"]
    )
    actions.attach(story.proposals[data["key"]], question.key, checked, by=story.people[data["owner"]], at=at)


_MADE = {
    "en": "This document was made for the demonstration, from the words of the proposal itself.",
    "fr": "Ce document a été produit pour la démonstration, à partir du texte même de la proposition.",
    "es": "Este documento se ha creado para la demostración, con el texto de la propia propuesta.",
}


def _paragraphs(call: Call, data: Data) -> list[str]:
    """What the document says: the long answers that no reviewer is kept from reading."""
    asked = [q for q in call.questions if q.kind == "long-text" and not q.hidden and q.key in data["answers"]]
    return [_MADE[data["language"]], *(line for q in asked for line in data["answers"][q.key].splitlines() if line)]


def _submit(story: Story, data: Data, at: datetime) -> None:
    proposal = story.proposals[data["key"]]
    actions.submit(proposal, f"demonstration-{data['key']}", by=proposal.owner, at=at)


def _withdraw(story: Story, data: Data, at: datetime) -> None:
    proposal = story.proposals[data["key"]]
    actions.withdraw(proposal, by=proposal.owner, at=at)
