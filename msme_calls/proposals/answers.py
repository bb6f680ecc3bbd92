"""Answers as they stand: the draft put together, its check, its public face, and what each kind of reader sees."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from msme_calls import history, questions
from msme_calls.accounts.models import normal_address
from msme_calls.calls.models import Blindness, Call, Question, Section
from msme_calls.proposals.models import FACE, Proposal, ProposalVersion, SectionDraft


class Viewer(Enum):
    """As whom somebody looks at a proposal."""

    OWNER = "owner"
    STAFF = "staff"
    REVIEWER = "reviewer"
    PUBLIC = "public"


@dataclass(frozen=True)
class Shown:
    """One answer as somebody may see it; files under the names that she may know."""

    question: Question
    value: Any
    files: list[dict[str, Any]] = field(default_factory=list)

    @property
    def kind(self) -> questions.Kind:
        """The kind of its question."""
        return questions.kind_of(self.question)

    @property
    def text(self) -> str:
        """The answer as text in the reader's language; empty if there is none."""
        return self.kind.shown(self.question, self.value) if self.value else ""


@dataclass(frozen=True)
class Progress:
    """How far a section of a draft is: whether it was ever saved, and what stands against handing it in."""

    section: Section
    saved: bool
    problems: dict[str, list[str]]
    asked: bool = True  # whether any of its questions is, under the answers given so far

    @property
    def count(self) -> int:
        """How many answers are missing or wrong."""
        return len(self.problems)

    @property
    def done(self) -> bool:
        return (self.saved or not self.asked) and not self.problems


def part_of(proposal: Proposal, section: Section) -> SectionDraft | None:
    """A section as it was saved last, if ever."""
    return next((d for d in proposal.drafts if d.section_id == section.id), None)


def typed_answers(proposal: Proposal) -> dict[str, Any]:
    """The draft's answers by question key, without files."""
    found: dict[str, Any] = {}
    for part in proposal.drafts:
        found |= part.answers
    return found


def draft_answers(proposal: Proposal, section: Section | None = None) -> dict[str, Any]:
    """The draft's answers by question key; files as lists of attachment ids, of one section if it is given."""
    found, form = typed_answers(proposal), proposal.call.form
    asked = [q.key for q in (section or form).questions if q.kind == "file"]
    files = draft_files(proposal) if asked else []
    return found | {key: [f["id"] for f in files if f["question"] == key] for key in asked}


def draft_files(proposal: Proposal) -> list[dict[str, Any]]:
    """The draft's files, in the order they came."""
    return [a.listed for a in proposal.attachments if a.removed_at is None]


def asked(call: Call, answers: Mapping[str, Any]) -> frozenset[str]:
    """The keys of the questions that are asked under these answers: all whose conditions hold."""
    return frozenset(q.key for q in questions.asked(call.form.questions, answers))


def problems(section: Section, answers: Mapping[str, Any], there: frozenset[str]) -> dict[str, list[str]]:
    """What stands against handing a section in: question key → sentences; without the questions that are well.

    `there`: the questions that are asked; the others can lack nothing.
    """
    found = {q.key: questions.problems(q, answers.get(q.key)) for q in section.questions if q.key in there}
    return {key: said for key, said in found.items() if said}


def lacking(proposal: Proposal, section: Section) -> dict[str, list[str]]:
    """The same for a section of a draft."""
    answers = draft_answers(proposal, section)
    return problems(section, answers, asked(proposal.call, answers))


def progress(proposal: Proposal) -> list[Progress]:
    """How far each section of a draft is, in the form's order."""
    answers = draft_answers(proposal)
    saved = {part.section_id for part in proposal.drafts}
    there = asked(proposal.call, answers)
    return [
        Progress(s, s.id in saved, problems(s, answers, there), any(q.key in there for q in s.questions))
        for s in proposal.call.form.sections
    ]


def to_submit(proposal: Proposal) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The draft's answers and files as they would be handed in now: none of a question that isn't asked.

    What was typed in such a question stays in the draft, and comes back when it is asked again.
    """
    answers, files, form = draft_answers(proposal), draft_files(proposal), proposal.call.form
    left_out = {q.key for q in form.questions} - asked(proposal.call, answers)
    answers = {key: value for key, value in answers.items() if key not in left_out}
    return answers, [f for f in files if f["question"] not in left_out]


def face(asked: Iterable[Question], answers: Mapping[str, Any]) -> dict[str, str]:
    """The columns that a proposal shows of itself: each filled by the one question that feeds it, once answered."""
    return {q.feeds: str(answers[q.key] or "") for q in asked if q.feeds in FACE and q.key in answers}


def prefilled(proposal: Proposal, section: Section) -> dict[str, Any]:
    """What a section not saved yet offers as an answer: what is known from the person's account."""
    return {q.key: getattr(proposal, q.feeds) for q in section.questions if q.feeds in FACE}


def authors(asked: Iterable[Question], answers: Mapping[str, Any]) -> set[str]:
    """The e-mail addresses of the people whom answers name as authors."""
    lists = [answers.get(q.key) or () for q in asked if q.kind == "people"]
    return {normal_address(person["email"]) for people in lists for person in people if person.get("email")}


def facts_elsewhere(proposal: Proposal, section: Section) -> dict[str, list[str]] | None:
    """By what answers of other sections a script decides which questions of this one are asked; None: all are."""
    needed = {c.depends_on.key for q in section.questions for c in q.conditions}
    if not needed:
        return None
    needed -= {q.key for q in section.questions}
    answers = draft_answers(proposal)
    there = questions.asked(proposal.call.form.questions, answers)
    return questions.facts([q for q in there if q.key in needed], answers)


def digest(call: Call, proposal: Proposal, answers: Mapping[str, Any], files: list[dict[str, Any]]) -> str:
    """The fingerprint of what was submitted: SHA-256 of the canonical text of answers and files' hashes."""
    listed = [{k: f[k] for k in ("question", "name", "sha256", "size")} for f in files]
    whole = {"call": call.slug, "reference": proposal.reference, "answers": dict(answers), "files": listed}
    return history.sha256(history.canonical(whole).encode())


def unsent(proposal: Proposal, version: ProposalVersion | None) -> bool:
    """Whether the draft differs from what was submitted."""
    draft = digest(proposal.call, proposal, *to_submit(proposal))
    return version is None or version.digest != draft


def hides(call: Call, question: Question, viewer: Viewer) -> bool:
    """Whether a question and its answer are as if absent for this viewer. The one place that decides it."""
    if viewer is Viewer.PUBLIC:
        return not question.public
    return viewer is Viewer.REVIEWER and call.blindness is Blindness.SINGLE and _tells(question)


def _tells(question: Question) -> bool:
    """Whether a question tells who applies: it is hidden for that, or asked only if such a question is so answered."""
    return question.hidden or any(_tells(c.depends_on) for c in question.conditions)


def hidden_face(call: Call, viewer: Viewer) -> frozenset[str]:
    """The columns of a proposal's face that this viewer may not see."""
    return frozenset(q.feeds for q in call.form.questions if q.feeds and hides(call, q, viewer))


def seen(
    call: Call, answers: Mapping[str, Any], files: list[dict[str, Any]], viewer: Viewer
) -> list[tuple[Section, list[Shown]]]:
    """The answers that a viewer may see, by section; sections without any are left out, and questions not asked."""
    there = asked(call, answers)
    neutral = viewer is Viewer.REVIEWER and call.blindness is Blindness.SINGLE
    files_of = {q.key for q in call.form.questions if q.kind == "file" and not hides(call, q, viewer)} & there
    left = [f for f in files if f["question"] in files_of]  # numbered without gaps: none tells of a hidden one
    numbered = [{**f, "name": f"document-{n}.{f['kind']}"} if neutral else f for n, f in enumerate(left, 1)]
    found = []
    for section in call.form.sections:
        listed = [q for q in section.questions if q.key in there and not hides(call, q, viewer)]
        shown = [
            Shown(q, answers.get(q.key), [f for f in numbered if f["question"] == q.key and q.kind == "file"])
            for q in listed
        ]
        if shown:
            found.append((section, shown))
    return found


def seen_version(version: ProposalVersion, call: Call, viewer: Viewer) -> list[tuple[Section, list[Shown]]]:
    """The same for a submitted version."""
    return seen(call, version.answers, version.files, viewer)
