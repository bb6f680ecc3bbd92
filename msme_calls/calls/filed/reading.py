"""A call's file read from what a person sent: either the file, or every thing that is wrong with it and where."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from msme_calls.calls.filed import FORMAT, MOST_BYTES, VERSION
from msme_calls.i18n import _l

if TYPE_CHECKING:
    from msme_calls.calls.filed.shape import CallFile

MOST_ENTRIES = 20_000  # parts of a file, however small; a call of three languages has about 2,000
DEEPEST = 12  # parts within parts; a call has eight
TOLD = 20  # problems at once
Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: where it stands (counted from 0), and what to do."""

    path: Path
    words: Any

    @property
    def where(self) -> str:
        """The place as people read it, counted from 1: “sections › 2 › label › fr”."""
        return " › ".join(str(step + 1) if isinstance(step, int) else step for step in self.path)


@dataclass
class Wrong(Exception):
    """A file that can't be taken: what is wrong with it, and how much more."""

    problems: list[Problem] = field(default_factory=list)
    more: int = 0


class _Doubled(dict[str, Any]):
    """An object of the file in which a name stands twice."""

    name = ""


_UNREADABLE = _l("Take out the control characters: nobody can read them.")
SENTENCES: dict[str, Any] = {
    "missing": _l("This is missing."),
    "extra_forbidden": _l("This is not known here. Take it out, or compare it with the description of the file."),
    "string_type": _l("Write a text here, in quotation marks."),
    "int_type": _l("Write a whole number here, without quotation marks."),
    "bool_type": _l("Write true or false here, without quotation marks."),
    "list_type": _l("Write a list here, in square brackets."),
    "dict_type": _l("Write names and values here, in braces."),
    "model_type": _l("Write names and values here, in braces."),
    "string_too_long": _l("Shorten it to %(max_length)d characters."),
    "too_long": _l("Keep at most %(max_length)d."),
    "too_short": _l("Write at least %(min_length)d."),
    "greater_than_equal": _l("Write a number of at least %(ge)d."),
    "less_than_equal": _l("Write a number of at most %(le)d."),
    "literal_error": _l("Write one of these: %(expected)s."),
    "string_pattern_mismatch": _l("This doesn’t have the form that is expected here."),
    "controls": _UNREADABLE,
    "string_unicode": _UNREADABLE,
}
_OTHERWISE = _l("This can’t be read here.")


def read(content: bytes) -> "CallFile":
    """The file that these bytes are. Raises Wrong."""
    return checked(parsed(content))


def parsed(content: bytes) -> Any:
    """Plain values of a JSON text that is not too large, deep or doubtful. Raises Wrong."""
    if len(content) > MOST_BYTES:
        raise _whole(_l("The file is larger than %(most)s MB. A call’s file is far smaller: is it another file?",
                        most="1.5"))  # fmt: skip
    try:
        value = json.loads(content.decode("utf-8-sig"), object_pairs_hook=_object, parse_constant=_no_number)
    except UnicodeDecodeError:
        raise _whole(_l("The file is no text in UTF-8. Choose the file that this site gave you.")) from None
    except RecursionError:
        raise _whole(_too_deep()) from None
    except json.JSONDecodeError as error:
        raise _whole(_l("The file is no JSON from line %(line)d, column %(column)d on. Choose the file that this site "
                        "gave you, or mend it there.", line=error.lineno, column=error.colno)) from None  # fmt: skip
    except ValueError:  # a number of thousands of figures, or NaN
        raise _whole(_l("The file holds a number that is none. Mend it, and choose the file again.")) from None
    _walked(value)
    return value


def _whole(words: Any) -> Wrong:
    return Wrong([Problem((), words)])


def _too_deep() -> Any:
    return _l("The file has parts within parts, deeper than any call. Choose the file that this site gave you.")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) == len(pairs):
        return made
    names: set[str] = set()
    doubled = _Doubled(made)
    doubled.name = next(name for name, _value in pairs if name in names or names.add(name))  # type: ignore[func-returns-value]
    return doubled


def _no_number(text: str) -> Any:
    raise ValueError(text)


def _walked(value: Any) -> None:
    """Look at every part before anything is made of it: their number, their depth, names that stand twice."""
    waiting: list[tuple[Path, Any]] = [((), value)]
    entries, twice = 0, []
    while waiting:
        path, part = waiting.pop()
        entries += 1
        if entries > MOST_ENTRIES:
            raise _whole(_l("The file has more than %(most)d parts, more than any call. Choose the file that this site "
                            "gave you.", most=MOST_ENTRIES))  # fmt: skip
        if len(path) > DEEPEST:
            raise _whole(_too_deep())
        if isinstance(part, _Doubled):
            name = _short(part.name)
            twice.append(Problem((*path, name), _l("This stands here twice. Take out one of the two.")))
        waiting.extend((((*path, key), inner) for key, inner in _inside(part)))
    if twice:
        raise _some(twice)


def _inside(part: Any) -> Iterator[tuple[str | int, Any]]:
    if isinstance(part, dict):
        yield from part.items()
    elif isinstance(part, list):
        yield from enumerate(part)


def _some(problems: list[Problem]) -> Wrong:
    return Wrong(problems[:TOLD], len(problems) - len(problems[:TOLD]))


def checked(value: Any) -> "CallFile":
    """The file that plain values are. Raises Wrong."""
    from pydantic import ValidationError

    from msme_calls.calls.filed import checks
    from msme_calls.calls.filed.shape import CallFile

    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise Wrong([Problem(("format",), _l("This is no file of a call. It begins with “format”: “%(format)s”.",
                                             format=FORMAT))])  # fmt: skip
    if value.get("version") != VERSION:
        raise Wrong([Problem(("version",), _l("This site reads version %(version)d of the file only.",
                                              version=VERSION))])  # fmt: skip
    try:
        file = CallFile.model_validate(value)
    except ValidationError as error:
        raise _some([_problem(said) for said in error.errors(include_url=False, include_input=False)]) from None
    if found := list(checks.problems(file)):
        raise _some(found)
    return file


def _problem(said: Any) -> Problem:
    context = {name: value for name, value in said.get("ctx", {}).items() if isinstance(value, (str, int))}
    sentence = SENTENCES.get(said["type"], _OTHERWISE)
    path = tuple(step if isinstance(step, int) else _short(step) for step in said["loc"] if step != "[key]")
    return Problem(path, _filled(sentence, context) if context else sentence)


@dataclass(frozen=True)
class _filled:
    """A sentence with its values, in the reader's language once it is known."""

    sentence: Any
    values: dict[str, Any]

    def __str__(self) -> str:
        return str(self.sentence) % self.values if "%(" in str(self.sentence) else str(self.sentence)


def _short(name: str) -> str:
    """A name of the file as it can be shown: hostile ones are long."""
    plain = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in name)
    return plain if len(plain) <= 40 else f"{plain[:40]}…"
