"""What differs between two texts, word by word: for two versions of a proposal, and for what a file would change."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import takewhile

MOST = 20_000_000  # steps that finding the differences may take at worst, a second or so: longer texts by paragraphs
_WORDS = re.compile(r"\s+|[^\W_]+(?:[’'\-][^\W_]+)*|.", re.DOTALL)  # “l’art” and “e-mail” are one; a mark stands alone


@dataclass(frozen=True)
class Piece:
    """A run of text and what became of it: "same", "gone" or "new"."""

    mark: str
    text: str


def words(former: str, now: str) -> list[Piece]:
    """How one text became another. Gone and same give the former text, new and same the later one, letter by letter."""
    return list(_joined(_by_words(former, now)))


def _by_words(former: str, now: str) -> Iterator[Piece]:
    old, new = _WORDS.findall(former), _WORDS.findall(now)
    if _fits(old, new):
        yield from _pieces(old, new)
        return
    for piece, later in _hunks(former.splitlines(keepends=True), now.splitlines(keepends=True)):
        old, new = _WORDS.findall(piece), _WORDS.findall(later)
        if piece != later and _fits(old, new):
            yield from _pieces(old, new)
        else:
            yield from _plainly(piece, later)


def _plainly(former: str, now: str) -> Iterator[Piece]:
    if former == now:
        yield Piece("same", now)
        return
    yield Piece("gone", former)
    yield Piece("new", now)


def _fits(old: Sequence[str], new: Sequence[str]) -> bool:
    """Whether looking for what two lists have in common ends soon, also if somebody wrote them so that it doesn’t."""
    start, end = _alike(old, new)
    old, new = old[start : len(old) - end], new[start : len(new) - end]
    mine, theirs = (Counter(part for part in parts if part.strip()) for parts in (old, new))
    return sum(count * theirs[part] for part, count in mine.items()) * min(len(old), len(new)) <= MOST


def _alike(old: Sequence[str], new: Sequence[str]) -> tuple[int, int]:
    """How many parts are the same at the start of both, and of the rest at their end."""
    start = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False)))
    rest = zip(reversed(old[start:]), reversed(new[start:]), strict=False)
    return start, sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], rest))


def _hunks(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[str, str]]:
    """What stands in each other's place: runs of the former text and of the later one."""
    start, end = _alike(old, new)
    yield "".join(old[:start]), "".join(new[:start])
    middle, later = old[start : len(old) - end], new[start : len(new) - end]
    if _fits(old, new):  # blanks begin no match: there are too many of them
        for _, a, b, c, d in SequenceMatcher(lambda part: not part.strip(), middle, later, False).get_opcodes():
            yield "".join(middle[a:b]), "".join(later[c:d])
    else:
        yield "".join(middle), "".join(later)
    yield "".join(old[len(old) - end :]), "".join(new[len(new) - end :])


def _pieces(old: Sequence[str], new: Sequence[str]) -> Iterator[Piece]:
    for former, now in _hunks(old, new):
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


def lists(former: Sequence[str], now: Sequence[str]) -> list[list[Piece]]:
    """How one list of texts became another: those that stay, go and come; a text in another's place word by word."""
    found: list[list[Piece]] = []
    for what, a, b, c, d in SequenceMatcher(None, former, now, autojunk=False).get_opcodes():
        if what == "equal":
            found += [[Piece("same", text)] for text in now[c:d]]
            continue
        old, new = list(former[a:b]), list(now[c:d])
        both = min(len(old), len(new))
        found += [words(x, y) for x, y in zip(old[:both], new[:both], strict=True)]
        found += [[Piece("gone", text)] for text in old[both:]]
        found += [[Piece("new", text)] for text in new[both:]]
    return found
