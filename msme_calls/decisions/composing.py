"""The result put together from its rows: what will be sealed, and what coordinators look at before that."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from msme_calls import history, questions
from msme_calls.calls.models import Call, Question
from msme_calls.decisions import queries, sealing
from msme_calls.decisions.models import Decision, Outcome
from msme_calls.decisions.sealing import Answer, Asked, Entry, Result, Rule
from msme_calls.extensions import db
from msme_calls.proposals import answers as answering
from msme_calls.proposals.answers import Viewer
from msme_calls.proposals.models import Proposal, ProposalVersion

_ORDER = list(Outcome)
_SHOWN = ("choices", "columns", "types", "languages")  # options without which an answer can't be shown
_PERSON = ("name", "affiliation", "economy", "orcid")  # what is public of a co-author: never the address


def compose(call: Call, *, result_at: datetime, sealed_at: datetime, nonce: str, secret: str) -> Result:
    """The whole result of a call as it is decided now. Sealed, every proposal that is judged has its decision."""
    judged = queries.judged(call)
    board = [(p, d) for p, d in judged if d is not None]
    named = [(p, d) for p, d in board if d.outcome.public]
    versions = _versions([p for p, _ in named])
    seq, head = history.head()
    return Result(
        **{name: getattr(call, name) for name in ("slug", "kind", "prefix", "title", "theme", "zone")},
        **{name: getattr(call, name) for name in ("winners", "runners_up", "reviews_per_proposal")},
        languages=tuple(call.languages),
        result_at=result_at,
        sealed_at=sealed_at,
        criteria=tuple(Rule(c.key, c.name, c.weight, c.scale) for c in call.criteria),
        tie_breaks=tuple(call.tie_breaks),
        received=len(judged),  # also in a preview before all is decided: fewer would tell what is
        economies=len({p.economy for p, _ in judged if p.economy}),
        entries=tuple(
            _entry(call, p, d, versions.get(p.id))
            for p, d in sorted(named, key=lambda row: _ORDER.index(row[1].outcome))
        ),
        others=tuple(sorted(_commitment(secret, p, d) for p, d in board if not d.outcome.public)),
        history_seq=seq,
        history_hash=head,
        nonce=nonce,
    )


def preview(call: Call, hidden: Collection[str], at: datetime) -> Result:
    """What is sealed, or would be at this instant, without the entries of some references."""
    seal = queries.in_force(call)
    if seal is not None:
        whole = queries.opened(seal)
    else:
        whole = compose(call, result_at=call.result_at or at, sealed_at=at, nonce="", secret="")
    return replace(whole, entries=tuple(e for e in whole.entries if e.reference not in hidden))


def _versions(proposals: list[Proposal]) -> dict[Any, ProposalVersion]:
    """The versions that count, by proposal."""
    rows = db.session.scalars(
        sa.select(ProposalVersion)
        .join(ProposalVersion.proposal)
        .where(
            ProposalVersion.proposal_id.in_([p.id for p in proposals]),
            ProposalVersion.number == Proposal.submitted_version,
        )
    )
    return {version.proposal_id: version for version in rows}


def _commitment(secret: str, proposal: Proposal, decision: Decision) -> str:
    own_salt = sealing.salt(secret, proposal.reference)
    return sealing.commitment(own_salt, proposal.reference, decision.outcome.value)


def _entry(call: Call, proposal: Proposal, decision: Decision, version: ProposalVersion | None) -> Entry:
    def words(text: dict[str, str]) -> dict[str, str]:
        return {code: text[code] for code in call.languages if text.get(code)}

    return Entry(
        reference=proposal.reference,
        outcome=decision.outcome.value,
        name=words(decision.public_name),
        project=words(decision.public_project),
        summary=words(decision.public_summary),
        economy=proposal.economy,
        organisation_type=proposal.organisation_type,
        language=proposal.language,
        answers=tuple(_answers(call, version)) if version else (),
        symbol=decision.symbol,
    )


def _answers(call: Call, version: ProposalVersion) -> list[Answer]:
    """The answers that are public: no files, and not what the public words and the entry's own columns say anyway."""
    shown = (s for _, part in answering.seen_version(version, call, Viewer.PUBLIC) for s in part)
    return [Answer(_asked(s.question), _public(s.question, s.value)) for s in shown if _kept(s.question, s.value)]


def _kept(question: Question, value: Any) -> bool:
    return bool(value) and question.kind != "file" and not question.feeds


def _asked(question: Question) -> Asked:
    options = {name: question.options[name] for name in _SHOWN if name in question.options}
    return Asked(question.key, question.kind, question.label, options, question.required)


def _public(question: Question, value: Any) -> Any:
    if question.kind == "people":
        return [{name: row[name] for name in _PERSON if row.get(name)} for row in value]
    return value


_OWN_WORDS = ("short-text", "long-text", "table", "people")  # kinds whose answers are in the proposal's language


def public_answers(entry: Entry) -> list[tuple[dict[str, str], str, str]]:
    """The public answers of an entry: (label by language, text, its language, or "" for words of this site)."""
    return [
        (
            answer.question.label,
            questions.kind_of(answer.question).shown(answer.question, answer.value),
            entry.language if answer.question.kind in _OWN_WORDS else "",
        )
        for answer in entry.answers
    ]
