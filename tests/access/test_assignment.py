"""Fields that a form doesn't have change nothing (threat A11): every form is sent plain, then with all columns."""

import re
from collections import Counter
from dataclasses import replace
from typing import Any
from xml.etree.ElementTree import Element

import pytest
import sqlalchemy as sa
from access.test_sweeps import readable, someone, unsafe
from pages import Form, Page
from werkzeug.exceptions import HTTPException

from msme_calls.extensions import Base, UTCDateTime

CHANCE = r"\$argon2id\$[^']+|Z\d+-[0-9A-Z]{4}-[0-9A-Z]{2}|[0-9a-f]{8}-?[0-9a-f-]{24,}|[\w-]{32,}"  # what is new by it
PASSWORD = "violet-canyon-93-harbour"


def shown(world: Any) -> dict[str, tuple[str, Form]]:
    """Every form that pages show: the address it goes to, by endpoint, with who sees it and what it holds."""
    found: dict[str, tuple[str, Form]] = {}
    adapter = world.app.url_map.bind("localhost")
    for _endpoint, url, line in readable(world):
        role = "anonymous" if "anonymous" in line.who else someone(line)
        response = world.ask(role, url)
        for form in Page(response).forms if response.mimetype == "text/html" and not line.public else ():
            try:
                to = adapter.match(form.action.partition("?")[0], "POST")[0]
            except HTTPException:
                continue
            if form.method == "POST" and len(form.values) >= len(found.get(to, (role, form))[1].values):
                found[to] = role, form
    for endpoint, url, line in unsafe(world):  # what no page shows in this phase is sent empty
        found.setdefault(endpoint, (someone(line), Form(url, "POST", Element("form"))))
    return found


def extras(world: Any, form: Form) -> dict[str, str]:
    """A value for every column of every table that is no field of the form."""
    own = {e.get("name", "").partition("-")[0] for e in form.element.iter()} | {
        e.get("name") for e in form.element.iter()
    }
    found = {}
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            if column.name not in own and column.name not in form.values:
                found[column.name] = _value(world, column)
    return found


def _value(world: Any, column: sa.Column[Any]) -> str:
    if column.name.endswith("_id") or isinstance(column.type, sa.Uuid):
        return str(world.cast.people["outsider"])
    if isinstance(column.type, UTCDateTime):
        return "2020-01-01T00:00:00+00:00"
    known = {"role": "coordinator", "status": "submitted", "outcome": "winner", "blindness": "open", "language": "es"}
    if column.name in known:
        return known[column.name]
    return "1" if isinstance(column.type, sa.Boolean | sa.Integer | sa.BigInteger) else "mallory"


def state(world: Any) -> Counter[str]:
    """All rows of all tables as text."""
    rows: Counter[str] = Counter()
    for table in Base.metadata.sorted_tables:
        found = world.connection.exec_driver_sql(f"SELECT * FROM {table.name}")
        rows.update(f"{table.name}: {row}" for row in found)
    return rows


def changed(one: Counter[str], two: Counter[str], known: set[str]) -> list[str]:
    """What is in one and not in two, without what is new by chance."""
    less, more = (Counter(_plain(row, known) for row in (x - y).elements()) for x, y in ((one, two), (two, one)))
    return list((less - more).elements())


def _plain(row: str, known: set[str]) -> str:
    return re.sub(CHANCE, lambda m: m[0] if m[0] in known else "…", row)


def after(world: Any, role: str, form: Form, more: dict[str, str]) -> Counter[str]:
    """What the database holds once a form was sent."""
    filled = {name: PASSWORD for name in form.values if "password" in name}
    with world.undone():
        form = replace(form, values={**form.values, **filled, "csrf_token": world.browsers.token, **more})
        assert world.browsers.of(role).submit(form).status_code < 500
        return state(world)


@pytest.mark.timeout(600)
def test_fields_that_a_form_does_not_have_change_nothing(seen: Any) -> None:
    wrong, known = [], {word for row in state(seen) for word in re.findall(CHANCE, row)}
    for endpoint, (role, form) in shown(seen).items():
        plain, full = (after(seen, role, form, more) for more in ({}, extras(seen, form)))
        if lost := changed(plain, full, known) + changed(full, plain, known):
            wrong.append(f"{endpoint} as {role}: {lost[:4]}")
    assert wrong == [], "\n".join(wrong)
