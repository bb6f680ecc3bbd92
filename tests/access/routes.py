"""Addresses made from the product's own map, with what `table.py` says stands for their names."""

import uuid
from collections.abc import Iterator
from typing import Any

import flask
from access.cast import Cast
from access.table import ADDRESSES, ARGUMENTS, Line
from werkzeug.routing import Rule
from werkzeug.routing.converters import AnyConverter, IntegerConverter, UUIDConverter


def rules(app: flask.Flask) -> dict[str, Rule]:
    """Every rule by its endpoint; a second rule of one endpoint would go untested."""
    found = {rule.endpoint: rule for rule in app.url_map.iter_rules()}
    assert len(found) == len(list(app.url_map.iter_rules())), "two rules with one endpoint"
    return found


def methods(rule: Rule) -> list[str]:
    """What the rule answers to, but for what every rule does."""
    return sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})


def values(rule: Rule, line: Line, cast: Cast, call: str | None = None, lang: str = "en") -> dict[str, Any]:
    """What stands for each name in the rule."""
    found: dict[str, Any] = {}
    for name, converter in rule._converters.items():
        if name == "lang":
            found[name] = lang
        elif name in line.args:
            found[name] = cast.value(call or line.call, line.args[name])
        elif isinstance(converter, AnyConverter):
            found[name] = sorted(converter.items)[0]
        else:
            assert name in ARGUMENTS, f"{rule.endpoint}: say in ARGUMENTS of tests/access/table.py what {name!r} is"
            found[name] = cast.value(call or line.call, ARGUMENTS[name])
    return found


def address(app: flask.Flask, rule: Rule, line: Line, cast: Cast, call: str | None = None, lang: str = "en") -> str:
    """The address of a line's own thing, or of the same thing in another call."""
    return build(app, rule, values(rule, line, cast, call, lang)) + line.query


def build(app: flask.Flask, rule: Rule, given: dict[str, Any]) -> str:
    return app.url_map.bind("localhost").build(rule.endpoint, given, method=methods(rule)[0])


def absent(app: flask.Flask, rule: Rule, line: Line, cast: Cast) -> Iterator[str]:
    """The same address with each name in turn standing for nothing that there is."""
    there = values(rule, line, cast)
    for name, converter in rule._converters.items():
        if not isinstance(converter, AnyConverter):
            yield build(app, rule, there | {name: _nothing(converter)}) + line.query


def _nothing(converter: Any) -> Any:
    if isinstance(converter, UUIDConverter):
        return uuid.UUID(int=5)
    return 1977 if isinstance(converter, IntegerConverter) else "no-such-thing"


def lines(app: flask.Flask) -> Iterator[tuple[str, Rule, Line]]:
    """Every address with its rule."""
    for endpoint, rule in rules(app).items():
        if endpoint in ADDRESSES:
            yield endpoint, rule, ADDRESSES[endpoint]
