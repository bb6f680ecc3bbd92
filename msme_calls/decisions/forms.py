"""What coordinators typed about decisions: read and checked for its shape, kept as typed if it can't be saved."""

import hashlib
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from flask_babel import gettext as _

from msme_calls import i18n, questions
from msme_calls.decisions import queries, rules
from msme_calls.decisions.actions import Choice
from msme_calls.decisions.models import Decision, Outcome
from msme_calls.decisions.queries import Line
from msme_calls.proposals.models import Proposal

Form = Mapping[str, str]
PARTS = ("name", "project", "summary")


def mark(decision: Decision | None) -> str:
    """What a form showed: the row's version, and a hash by which it is known whether the person changed anything."""
    if decision is None:
        return f"0.{_hash('', '')}"
    return f"{decision.version}.{_hash(decision.outcome.value, decision.rationale)}"


def _hash(outcome: str, rationale: str) -> str:
    return hashlib.sha256(f"{outcome}\n{rationale}".encode()).hexdigest()[:16]


@dataclass
class Given:
    """What was typed for one proposal, or what is there while nothing was typed."""

    outcome: str
    rationale: str
    mark: str
    error: str = ""

    @property
    def touched(self) -> bool:
        """Whether the person changed what the form showed."""
        return self.mark.partition(".")[2] != _hash(self.outcome, self.rationale)


def shown(decision: Decision | None) -> Given:
    """A proposal's fields before anybody typed."""
    outcome, rationale = (decision.outcome.value, decision.rationale) if decision else ("", "")
    return Given(outcome, rationale, mark(decision))


def read(form: Form, key: str, decision: Decision | None) -> Given:
    """What was typed for a proposal. Another's change in the meantime is an error, with both left to compare."""
    outcome = form.get(f"outcome-{key}", "")
    given = Given(outcome, i18n.normal(form.get(f"rationale-{key}", "")), form.get(f"mark-{key}", ""))
    now = shown(decision)
    if not given.touched or (given.outcome, given.rationale) == (now.outcome, now.rationale):
        return now
    if given.mark.partition(".")[0] != now.mark.partition(".")[0]:
        words = str(rules.OUTCOMES[decision.outcome]) if decision else _("no outcome")
        given.error = _(
            "Somebody else saved “%(outcome)s” here meanwhile. Yours is still in the form: save again to keep it.",
            outcome=words,
        )
        given.mark = now.mark
    elif outcome not in [o.value for o in Outcome]:
        given.error = _("Choose an outcome: a reason alone can’t be saved.")
    return given


@dataclass
class Sheet:
    """The typed fields of a page of the list, by proposal."""

    given: dict[uuid.UUID, Given] = field(default_factory=dict)

    @property
    def errors(self) -> list[tuple[str, str]]:
        """What is to be corrected: (id of the field, sentence)."""
        return [(f"outcome-{key}", g.error) for key, g in self.given.items() if g.error]


def sheet(lines: Iterable[Line], form: Form | None = None) -> Sheet:
    """The fields of the lines that the reader may see."""
    found = Sheet()
    for line in lines:
        if line.proposal is not None:
            key = line.proposal.id
            found.given[key] = shown(line.decision) if form is None else read(form, str(key), line.decision)
    return found


def choices(lines: Iterable[Line], sheet: Sheet) -> list[Choice]:
    """What the person decided anew."""
    return [
        Choice(line.proposal, Outcome(given.outcome), given.rationale)
        for line in lines
        if line.proposal is not None and (given := sheet.given[line.proposal.id]).touched
    ]


@dataclass
class Words:
    """The public words as typed, by part and language; `started` if they are only offered, from the applicant's own."""

    values: dict[str, dict[str, str]]
    errors: dict[str, dict[str, str]] = field(default_factory=lambda: {part: {} for part in PARTS})
    started: bool = False
    symbol: str = ""
    symbol_error: str = ""

    @property
    def problems(self) -> list[tuple[str, str]]:
        """What is to be corrected: (id of the field, sentence)."""
        found = [(f"{part}-{code}", said) for part in PARTS for code, said in self.errors[part].items()]
        return found + ([("symbol", self.symbol_error)] if self.symbol_error else [])


def shown_words(proposal: Proposal, decision: Decision | None, languages: Sequence[str]) -> Words:
    """The public words as they are; while there are none, the applicant's own as a start, in their language."""
    values = {part: getattr(decision, f"public_{part}") if decision else {} for part in PARTS}
    if decision and any(values.values()):
        return Words(values, symbol=decision.symbol)
    own = proposal.language if proposal.language in languages else ""
    start = {"name": dict.fromkeys(languages, proposal.organisation)}
    start |= {"project": {own: proposal.title}, "summary": {own: proposal.summary}}
    return Words(start, started=True)


def read_words(form: Form, proposal: Proposal) -> Words:
    """The public words as typed, with what is wrong about their length, and about the document's symbol."""
    languages, series = proposal.call.languages, proposal.call.symbol
    found = Words({part: {} for part in PARTS})
    if series:
        found.symbol = i18n.normal(form.get("symbol", ""))[:100]
        taken = found.symbol in queries.symbols(but=proposal)
        found.symbol_error = str(rules.no_symbol(found.symbol, series) or (rules.TAKEN if taken else ""))
    for part in PARTS:
        for code in languages:
            text = i18n.normal(form.get(f"{part}-{code}", ""))
            text = text if part == "summary" else " ".join(text.split())
            found.values[part][code] = text
            limit = {"max_words": rules.SUMMARY_WORDS} if part == "summary" else {"max_chars": rules.NAME_CHARS}
            if wrong := questions.length_problems(limit, text):
                found.errors[part][code] = wrong[0]
    return found


def read_note(form: Form, languages: Sequence[str]) -> dict[str, str]:
    """The public note on unsealing, by language."""
    return {code: i18n.normal(form.get(f"note-{code}", ""))[:2000] for code in languages}


def note_errors(note: Mapping[str, str]) -> dict[str, str]:
    """What is to be corrected in the note, by language."""
    return {
        code: _("Write the note in %(language)s.", language=i18n.language_name(code))
        for code, text in note.items()
        if not text
    }
