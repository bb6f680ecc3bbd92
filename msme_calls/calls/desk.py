"""The coordinators' desk: one door for its pages, and the parts that each feature adds to it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import abort, g, request, url_for
from flask_login import current_user

from msme_calls import clock
from msme_calls.calls import queries, rules
from msme_calls.calls.models import Call, Role


@dataclass(frozen=True)
class Tab:
    """A page of the desk in its menu: its endpoint, its words, the act that its readers may do, its place."""

    endpoint: str
    words: Any
    act: str
    order: int


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
ATTENTION: list[tuple[str, Attention]] = []  # (act of those who are told, function)
FIGURES: list[tuple[str, Figures]] = []  # the same for figures of progress


def tab(endpoint: str, words: Any, *, act: str, order: int) -> None:
    """Add a page to the desk's menu; called when a feature is registered."""
    TABS[endpoint] = Tab(endpoint, words, act, order)


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
    """The call of a desk page and the reader's roles in it; absent for whoever may not do the act there."""
    call = queries.at_desk(current_user, slug, act)
    if call is None:
        abort(404)
    roles = queries.roles_of(current_user, call)
    g.desk = (call, roles)
    return call, roles


def tabs() -> list[tuple[str, str, bool]]:
    """The desk's menu for this reader: (words, address, whether it is this page), in order."""
    call, roles = g.desk
    own = [t for t in sorted(TABS.values(), key=lambda t: t.order) if rules.may(roles, t.act)]
    return [(str(t.words), url_for(t.endpoint, slug=call.slug), t.endpoint == request.endpoint) for t in own]


def needed(call: Call, roles: frozenset[Role]) -> list[Item]:
    """Everything that needs this reader now, the urgent first."""
    at = clock.now()
    found = [item for act, find in ATTENTION if rules.may(roles, act) for item in find(call, at)]
    return sorted(found, key=lambda item: not item.urgent)


def progress(call: Call, roles: frozenset[Role]) -> list[tuple[Any, Any]]:
    """Progress in figures, as far as this reader may know it."""
    at = clock.now()
    return [pair for act, find in FIGURES if rules.may(roles, act) for pair in find(call, at)]
