"""What differs between two versions of a proposal, or between a version and its draft: question by question."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from msme_calls.calls.models import Call, Question, Section
from msme_calls.proposals import comparing
from msme_calls.proposals.answers import Shown
from msme_calls.proposals.comparing import Piece, Steps
from msme_calls.questions import kind_of

Listed = Mapping[str, Any]  # a file as a version lists it


@dataclass(frozen=True)
class FileChange:
    """What became of a file: "same", "gone", "new", "renamed" (from `former`), or "other": new content, same name."""

    mark: str
    file: Listed
    former: Listed | None = None


@dataclass(frozen=True)
class Difference:
    """A question with what became of its answer: lines of pieces, or files."""

    question: Question
    lines: list[list[Piece]]
    files: list[FileChange] = field(default_factory=list)

    @property
    def own(self) -> bool:
        """Whether its answer is the person's own words, in the language of her proposal."""
        return kind_of(self.question).own

    @property
    def differs(self) -> bool:
        """Whether anything of it changed."""
        return any(p.mark != "same" for line in self.lines for p in line) or any(f.mark != "same" for f in self.files)


def lines(question: Question, was: Any, now: Any, steps: Steps) -> list[list[Piece]]:
    """What became of an answer: its rows or choices one by one, or its text as one."""
    kind = kind_of(question)
    if kind.control in ("table", "people", "choices"):
        former, later = (kind.parts(question, value) if value else [] for value in (was, now))
        return comparing.lists(former, later, steps)
    old, new = (kind.shown(question, value) if value else "" for value in (was, now))
    pieces = comparing.words(old, new, steps)
    return [pieces] if pieces else []


def files(was: Iterable[Listed], now: Iterable[Listed]) -> list[FileChange]:
    """What became of files: by what is in them first, then by their names."""
    former, later = list(was), list(now)
    marks: dict[int, FileChange] = {}

    def taken(file: Listed, *by: str) -> Listed | None:
        one = next((f for f in former if all(f[name] == file[name] for name in by)), None)
        if one is not None:
            former.remove(one)
        return one

    for mark, by in (("same", ("sha256", "name")), ("renamed", ("sha256",)), ("other", ("name",))):
        for n, file in enumerate(later):
            if n not in marks and (one := taken(file, *by)) is not None:
                marks[n] = FileChange(mark, file, one)
    found = [marks.get(n) or FileChange("new", file) for n, file in enumerate(later)]
    return [*found, *(FileChange("gone", file) for file in former)]


Seen = list[tuple[Section, list[Shown]]]


def compared(call: Call, was: Seen, now: Seen) -> list[tuple[Section, list[Difference]]]:
    """What became of every answer that is in one of the two, in the form's order; both as `answers.seen` gives them."""
    before, after = ({a.question.key: a for _section, given in seen for a in given} for seen in (was, now))
    found, steps = [], Steps()
    for section in call.form.sections:
        listed = [
            _difference(q, before.get(q.key), after.get(q.key), steps)
            for q in section.questions
            if q.key in before or q.key in after
        ]
        if listed:
            found.append((section, listed))
    return found


def _difference(question: Question, was: Shown | None, now: Shown | None, steps: Steps) -> Difference:
    if question.kind == "file":
        return Difference(question, [], files(was.files if was else (), now.files if now else ()))
    return Difference(question, lines(question, was.value if was else None, now.value if now else None, steps))
