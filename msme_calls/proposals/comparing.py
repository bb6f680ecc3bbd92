"""What differs between two texts, word by word: for two versions of a proposal, and for what a file would change."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import takewhile

MOST = 100_000_000  # steps that all the comparing for one page may take at worst, a second or so
_WORDS = re.compile(r"\s+|[^\W_]+(?:[’'\-][^\W_]+)*|.", re.DOTALL)  # “l’art” and “e-mail” are one; a mark stands alone


@dataclass(frozen=True)
class Piece:
    """A run of text and what became of it: "same", "gone" or "new"."""

    mark: str
    text: str


class Steps:
    """What comparing may still cost, for all texts of one page.

    None takes more than half of what is left, so that some is left for all; those too long for it go by paragraphs.
    """

    def __init__(self) -> None:
        self.left = MOST

    def take(self, count: int) -> bool:
        """Whether so many steps may be taken; they are, then."""
        fits = count <= self.left // 2
        self.left -= count if fits else 0
        return fits


def words(former: str, now: str, steps: Steps | None = None) -> list[Piece]:
    """How one text became another. Gone and same give the former text, new and same the later one, letter by letter."""
    return list(_joined(_by_words(former, now, steps or Steps())))


def _by_words(former: str, now: str, steps: Steps) -> Iterator[Piece]:
    old, new = _WORDS.findall(former), _WORDS.findall(now)
    if steps.take(_cost(old, new)):
        yield from _pieces(_hunks(old, new))
        return
    old, new = former.splitlines(keepends=True), now.splitlines(keepends=True)
    if not steps.take(_cost(old, new)):
        yield from _pieces(_ends(old, new))
        return
    for piece, later in _hunks(old, new):
        parts = _WORDS.findall(piece), _WORDS.findall(later)
        if piece != later and steps.take(_cost(*parts)):
            yield from _pieces(_hunks(*parts))
        else:
            yield from _plainly(piece, later)


def _plainly(former: str, now: str) -> Iterator[Piece]:
    if former == now:
        yield Piece("same", now)
        return
    yield Piece("gone", former)
    yield Piece("new", now)


def _cost(old: Sequence[str], new: Sequence[str]) -> int:
    """How many steps looking for what two lists have in common takes, also if somebody wrote them so that it lasts."""
    _start, old, new, _end = _parted(old, new)
    mine, theirs = (Counter(part for part in parts if part.strip()) for parts in (old, new))
    return sum(count * theirs[part] for part, count in mine.items()) * min(len(old), len(new))


def _parted(
    old: Sequence[str], new: Sequence[str]
) -> tuple[Sequence[str], Sequence[str], Sequence[str], Sequence[str]]:
    """The parts that both begin with, what differs of each, and the parts that both end with."""
    start = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False)))
    rest = zip(reversed(old[start:]), reversed(new[start:]), strict=False)
    end = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], rest))
    return old[:start], old[start : len(old) - end], new[start : len(new) - end], old[len(old) - end :]


Pairs = Iterator[tuple[str, str]]  # what stands in each other's place: runs of the former text and of the later one


def _hunks(old: Sequence[str], new: Sequence[str]) -> Pairs:
    start, old, new, end = _parted(old, new)
    yield "".join(start), "".join(start)
    # Blanks begin no match: there are too many of them.
    for _, a, b, c, d in SequenceMatcher(lambda part: not part.strip(), old, new, False).get_opcodes():
        yield "".join(old[a:b]), "".join(new[c:d])
    yield "".join(end), "".join(end)


def _ends(old: Sequence[str], new: Sequence[str]) -> Pairs:
    """The same at little cost: all that stands between what both begin and end with."""
    start, old, new, end = _parted(old, new)
    for former, now in ((start, start), (old, new), (end, end)):
        yield "".join(former), "".join(now)


def _pieces(pairs: Pairs) -> Iterator[Piece]:
    for former, now in pairs:
        yield from _plainly(former, now)


def _joined(pieces: Iterator[Piece]) -> Iterator[Piece]:
    """Changes that only a space parts become one: a sentence rewritten is read as two sentences, not as confetti."""
    gone = new = same = ""
    for piece in pieces:
        blank = piece.mark == "same" and not piece.text.strip() and "\n" not in piece.text
        if piece.mark == "same" and not (blank and (gone or new)):
            changed, tail = _change(gone, new)
            if changed:
                yield from _said("same", same)
                same = ""
                yield from changed
            same, gone, new = same + tail + piece.text, "", ""
            continue
        gone += piece.text if piece.mark != "new" else ""
        new += piece.text if piece.mark != "gone" else ""
    changed, tail = _change(gone, new)
    yield from _said("same", same)
    yield from changed
    yield from _said("same", tail)


def _change(gone: str, new: str) -> tuple[list[Piece], str]:
    """What went and what came; and the space at their end, if both have it."""
    tail = gone[len(gone.rstrip()) :]
    if tail and new.endswith(tail):
        gone, new = gone[: -len(tail)], new[: -len(tail)]
    else:
        tail = ""
    return [*_said("gone", gone), *_said("new", new)], tail


def _said(mark: str, text: str) -> list[Piece]:
    return [Piece(mark, text)] if text else []


def lists(former: Sequence[str], now: Sequence[str], steps: Steps | None = None) -> list[list[Piece]]:
    """How one list of texts became another: those that stay, go and come; a text in another's place word by word."""
    found: list[list[Piece]] = []
    steps = steps or Steps()
    for old, new in _runs(former, now, steps):
        both = min(len(old), len(new))
        found += [words(x, y, steps) for x, y in zip(old[:both], new[:both], strict=True)]
        found += [[Piece("gone", text)] for text in old[both:]]
        found += [[Piece("new", text)] for text in new[both:]]
    return found


def _runs(former: Sequence[str], now: Sequence[str], steps: Steps) -> Iterator[tuple[Sequence[str], Sequence[str]]]:
    start, old, new, end = _parted(former, now)
    yield start, start
    if steps.take(_cost(old, new)):
        for _, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
            yield old[a:b], new[c:d]
    else:
        yield old, new
    yield end, end
