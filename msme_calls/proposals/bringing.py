"""What a file that was filled in elsewhere would change in a draft: looked at first, then saved section by section."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from msme_calls import questions
from msme_calls.accounts.models import Person
from msme_calls.calls.models import Question, Section
from msme_calls.proposals import actions, answers, differences
from msme_calls.proposals.comparing import Piece, Steps
from msme_calls.proposals.models import Proposal
from msme_calls.proposals.text_form import Brought


@dataclass(frozen=True)
class Change:
    """An answer that the file would change, what is wrong with the new one, and whether its question is asked then."""

    question: Question
    value: Any
    lines: list[list[Piece]]
    problems: list[str]
    asked: bool

    @property
    def own(self) -> bool:
        """Whether its answer is the person's own words, in the language of her proposal."""
        return questions.kind_of(self.question).own


@dataclass(frozen=True)
class Changes:
    """All that a file would change, by section; how many answers are as they were, how many the file leaves open."""

    sections: list[tuple[Section, list[Change]]]
    same: int
    left_open: int

    @property
    def count(self) -> int:
        """How many answers would change."""
        return sum(len(changed) for _section, changed in self.sections)


def changes(proposal: Proposal, brought: Brought) -> Changes:
    """What the file would change. An answer that it leaves empty stays as it is: a blank line takes nothing away."""
    saved = answers.typed_answers(proposal)
    asked = {q.key: q for q in proposal.call.form.questions}
    given = {k: v for k, v in brought.answers.items() if not questions.kind_of(asked[k]).is_blank(v)}
    new = {key: value for key, value in given.items() if saved.get(key) != value}
    there = answers.asked(proposal.call, {**answers.draft_answers(proposal), **new})
    found, steps = [], Steps()
    for section in proposal.call.form.sections:
        asked_for = [q for q in section.questions if q.key in new]
        changed = [_change(q, saved.get(q.key), new[q.key], q.key in there, steps) for q in asked_for]
        if changed:
            found.append((section, changed))
    return Changes(found, len(given) - len(new), len(brought.answers) - len(given))


def _change(question: Question, was: Any, now: Any, asked: bool, steps: Steps) -> Change:
    lines = differences.lines(question, was, now, steps)
    return Change(question, now, lines, questions.problems(question, now) if asked else [], asked)


def save(proposal: Proposal, wanted: Changes, seen: Mapping[str, int], *, by: Person, at: datetime) -> None:
    """Save what a file changes. `seen`: by section, the version that was looked at before. Raises SavedElsewhere:

    then nothing of it must be committed.
    """
    for section, changed in wanted.sections:
        new = {change.question.key: change.value for change in changed}
        actions.save_section(proposal, section, new, by=by, at=at, seen=seen.get(section.key, 0))
