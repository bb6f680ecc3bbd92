"""Every page of the product as everybody, in every phase of a call: read once, looked at by several tests."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from access.cast import CALLS, ROLES
from access.routes import address, build, lines, methods, values
from access.table import Line
from canaries import RAN, Secret
from pages import Page
from werkzeug.routing import Rule

from msme_calls.extensions import db

_TAGS = re.compile(r"<(zqx|script>zqs)|\bzqa=|javascript:|\son\w+=", re.I)


@dataclass(frozen=True)
class Visit:
    """One answer, and what is to be known of it."""

    role: str
    endpoint: str
    call: str
    url: str
    status: int
    headers: tuple[tuple[str, str], ...]
    secrets: frozenset[Secret]
    faults: tuple[str, ...]

    def header(self, name: str) -> str:
        return ", ".join(v for n, v in self.headers if n.lower() == name.lower())

    def __str__(self) -> str:
        return f"{self.role} on {self.url}"


# Where those who may not see a thing look for it once more: the matrix has done so in one phase.
TELLING = "sealed"
SETTING_UP = ("draft", "open", "review", "published", "elsewhere")  # phases for pages that show nobody's proposal
FEWER = ("draft", "review", "review-open", "sealed", "published")  # phases on the second database


def crawl(world: Any) -> list[Visit]:
    """Visit everything that can be read. Pages for everybody are the same for all (that is tested), so once."""
    if "crawl" not in world.kept:
        known: dict[Any, Any] = {}
        calls = CALLS if db.engine.dialect.name == "sqlite" else FEWER
        world.kept["crawl"] = [_visit(world, *place, known) for place in _places(world, calls)]
    return world.kept["crawl"]


def _places(world: Any, calls: tuple[str, ...]) -> Iterator[tuple[str, str, str, str]]:
    """Role, endpoint, call, address."""
    seen = set()
    for endpoint, rule, line in lines(world.app):
        several = [c for c in calls if line.call != "draft" or c in SETTING_UP]
        for call in several if "GET" in methods(rule) else ():
            for url in _addresses(world, rule, line, call):
                if url not in seen:
                    seen.add(url)
                    yield from ((role, endpoint, call, url) for role in _roles(line, call))


def _roles(line: Line, call: str) -> list[str]:
    if line.public:
        return ["anonymous"]
    return [r for r in ROLES if r in line.who or (call == TELLING and r != "anonymous")]


def _addresses(world: Any, rule: Rule, line: Line, call: str) -> list[str]:
    """The address of a line's thing in a call; where that is applicant A's, the same of applicant B too."""
    own = values(rule, line, world.cast, call)
    names = {v: n for (c, n), v in world.cast.ids.items() if c == call}
    other = {
        key: world.cast.ids.get((call, "B" + names[value][1:]))
        for key, value in own.items()
        if names.get(value, "").startswith("A.")
    }
    found = [address(world.app, rule, line, world.cast, call)]
    if other and all(other.values()):
        found.append(build(world.app, rule, own | other) + line.query)
    return found


def _visit(world: Any, role: str, endpoint: str, call: str, url: str, known: dict[Any, Any]) -> Visit:
    response = world.ask(role, url)
    headers = tuple(response.headers.items())
    text = response.get_data(as_text=True) if _is_text(response) else ""
    if text not in known:  # many answers are the same
        known[text] = frozenset(world.cast.canaries.found(text)), faults(response, text)
    secrets, wrong = known[text]
    said = world.cast.canaries.found(*(f"{n}: {v}" for n, v in headers if n != "Location" or url not in v))
    return Visit(role, endpoint, call, url, response.status_code, headers, secrets | said, wrong)


def _is_text(response: Any) -> bool:
    return response.mimetype.startswith("text/") or response.mimetype in ("application/json", "application/xml")


def faults(response: Any, text: str) -> tuple[str, ...]:
    """What of the hostile words has come to life on a page (threats B1, B9)."""
    wrong = [f"{RAN}: a template ran it"] if RAN in text and response.status_code == 200 else []
    if response.mimetype == "text/html" and _TAGS.search(text):
        for element in Page(response).tree.iter():
            wrong += alive(element)
    return tuple(wrong)


def alive(element: Any, styled: bool = False) -> list[str]:
    wrong = [f"<{element.tag}>"] if element.tag == "zqx" else []
    if element.tag == "script" and element.text or element.tag == "style" and not styled:
        wrong.append(f"inline <{element.tag}>")
    for name, value in element.attrib.items():
        if name == "zqa" or name.startswith("on") or (name == "style" and not styled):
            wrong.append(f"{name} on <{element.tag}>")
        if name in ("href", "src", "action") and value.strip().lower().startswith(("javascript:", "data:", "//")):
            wrong.append(f"{name}={value}")
    return wrong
