"""The coordinators' desk: one door for its pages, and the parts that each feature adds to it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import abort, g, request, url_for

from msme_calls import clock
from msme_calls.accounts.desk_factor import demand_factor
from msme_calls.accounts.sessions import me
from msme_calls.calls import queries, rules
from msme_calls.calls.models import Call, Role
from msme_calls.extensions import lock
from msme_calls.i18n import _l


@dataclass(frozen=True)
class Tab:
    """A page of the desk in its menu: its endpoint, its words, the act that its readers may do, its place."""

    endpoint: str
    words: Any
    act: str
    order: int
    scored: bool = False  # only in calls in which reviewers score


@dataclass(frozen=True)
class Entry:
    """One line of the menu as a reader sees it; `here` is the value of aria-current."""

    words: Any
    url: str
    here: str


@dataclass(frozen=True)
class Item:
    """Something that needs a coordinator: what it is, more about it, and the one thing to do."""

    heading: str
    text: str
    url: str
    verb: str
    urgent: bool = False


Attention = Callable[[Call, datetime], list[Item]]
Figures = Callable[[Call, datetime], list[tuple[Any, Any]]]
TABS: dict[str, Tab] = {}
PREPARING = {"set-up", "people"}  # the acts whose pages prepare a call; the others are its work
FIRST = 10  # the order of the overview, below whose address all pages lie
ATTENTION: list[tuple[str, Attention]] = []  # (act of those who are told, function)
FIGURES: list[tuple[str, Figures]] = []  # the same for figures of progress


def tab(endpoint: str, words: Any, *, act: str, order: int, scored: bool = False) -> None:
    """Add a page to the desk's menu; called when a feature is registered."""
    TABS[endpoint] = Tab(endpoint, words, act, order, scored)


def attention(act: str) -> Callable[[Attention], Attention]:
    """Register a function that finds what needs the people who may do an act. Constant statements, please."""

    def register(function: Attention) -> Attention:
        if (act, function) not in ATTENTION:
            ATTENTION.append((act, function))
        return function

    return register


def figures(act: str) -> Callable[[Figures], Figures]:
    """Register a function that gives progress in figures, (label, value), to people who may do an act.

    Figures count what is on the call's lists and show nobody in particular. Constant statements, please.
    """

    def register(function: Figures) -> Figures:
        if (act, function) not in FIGURES:
            FIGURES.append((act, function))
        return function

    return register


def at_desk(slug: str, act: str = "desk") -> tuple[Call, frozenset[Role]]:
    """The call of a desk page and the reader's roles in it; absent for whoever may not do the act there.

    Whoever changes something holds the call's row from here on.
    """
    call, roles = queries.at_desk(me(), slug, act) or abort(404)
    demand_factor()
    if request.method == "POST":  # two people change a call in turn
        lock(call)
        roles = queries.roles_of(me(), call)
        if not rules.may(roles, act):  # the role was taken away while this request waited its turn
            abort(404)
    g.desk = (call, roles)
    return call, roles


def tabs() -> list[tuple[Any, list[Entry]]]:
    """The desk's menu for this reader, in its two parts: the call's work, then what sets it up."""
    call, roles = g.desk
    there = [t for t in sorted(TABS.values(), key=lambda t: t.order) if call.scored or not t.scored]
    own = [t for t in there if rules.may(roles, t.act)]
    entries = [(t, url_for(t.endpoint, slug=call.slug)) for t in own]
    lone = not any(_here(t, url) for t, url in entries)  # a page that the overview alone leads to: cancel, extend
    parts = []
    for heading, prepares in ((_l("Work"), False), (_l("Set-up"), True)):
        part = [
            Entry(t.words, url, _here(t, url) or ("true" if lone and t.order == FIRST else ""))
            for t, url in entries
            if (t.act in PREPARING) is prepares
        ]
        if part:
            parts.append((heading, part))
    return parts


def _here(tab: Tab, url: str) -> str:
    """The value of aria-current: the page itself, or one below it (an assignment, a question, an invitation)."""
    if tab.endpoint == request.endpoint:
        return "page"
    below = tab.order > FIRST and f"{request.script_root}{request.path}".startswith(url + "/")
    return "true" if below else ""


def needed(call: Call, roles: frozenset[Role]) -> list[Item]:
    """Everything that needs this reader now, the urgent first."""
    at = clock.now()
    found = [item for act, find in ATTENTION if rules.may(roles, act) for item in find(call, at)]
    return sorted(found, key=lambda item: not item.urgent)


def progress(call: Call, roles: frozenset[Role]) -> list[tuple[Any, Any]]:
    """Progress in figures, as far as this reader may know it."""
    at = clock.now()
    return [pair for act, find in FIGURES if rules.may(roles, act) for pair in find(call, at)]
