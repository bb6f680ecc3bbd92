"""What a rehearsal begins with: the call as it is set up, its coordinators, and people who are invented."""

import shutil
import tempfile
import uuid
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from msme_calls import storage
from msme_calls.accounts.models import Person, PersonEconomy
from msme_calls.calls import queries
from msme_calls.calls.actions import life
from msme_calls.calls.actions.clone import DATES, copied
from msme_calls.calls.models import Call, Membership, Role
from msme_calls.extensions import db
from msme_calls.rehearsals import rules
from msme_calls.uploads import StoredFile

if TYPE_CHECKING:
    from msme_calls import Application

DOMAIN = "rehearsal.example.org"  # in a domain that is reserved for examples: nobody has an address there
_FIRST = (
    "Amina", "Bruno", "Chloé", "Daniel", "Elena", "Farid", "Grace", "Hiro", "Inés", "Jonas", "Kavita", "Luca",
    "Maya", "Nils", "Olga", "Pedro", "Quang", "Rosa", "Samir", "Tara", "Umar", "Vera", "Wen", "Yara", "Zoë",
)  # fmt: skip
_JUDGES = ("Alba", "Bashir", "Carla", "Dmitri", "Emma", "Felix")
_ECONOMIES = ("KE", "BR", "FR", "JP", "SN", "ID", "CR", "ZA", "IN", "PE", "VN", "MA")
HERS = ("id", "email", "name", "language", "zone", "organisation", "international_staff")
FREE = "sam"  # the applicant who does nothing by herself: for the coordinator to play


@dataclass(frozen=True)
class Copied:
    """What is taken over into a rehearsal, in rows of no session and plain values."""

    call: Call
    coordinators: list[tuple[dict[str, Any], list[str]]]  # columns, economies
    logos: list[str]


def taken(call: Call) -> Copied:
    """Read what a rehearsal of a call needs, in the world where the call is."""
    whole = queries.whole(call)
    copy = copied(whole, slug=call.slug, title=dict(call.title), prefix=call.prefix, created_at=call.created_at)
    for name in DATES:
        setattr(copy, name, getattr(call, name))
    people = [({c: getattr(p, c) for c in HERS}, sorted(p.economy_codes)) for p in queries.coordinators(call)]
    return Copied(copy, people, sorted({p.logo_sha256 for p in whole.partners if p.logo_sha256}))


def logos(copy: Copied, app: "Application") -> dict[str, int]:
    """Copy the partners' logos into a rehearsal's store, in the world where they are; their sizes."""
    sizes, into, folder = {}, storage.store(app), storage.incoming(app.settings)
    for sha256 in copy.logos:
        with storage.store().open(sha256) as kept, tempfile.NamedTemporaryFile(dir=folder, delete=False) as out:
            shutil.copyfileobj(kept, out)
            sizes[sha256] = out.tell()
        into.keep(out.name, sha256)
        Path(out.name).unlink(missing_ok=True)
    return sizes


def fill(copy: Copied, sizes: dict[str, int], applicants: int, begins: datetime) -> Call:
    """Put it all into the rehearsal that we are in, launch the call, and invite who is invented. Commits nothing."""
    db.session.add_all(
        StoredFile(sha256=sha256, size=size, kind="png", stored_at=begins, found=[]) for sha256, size in sizes.items()
    )
    db.session.flush()
    call = copy.call
    call.created_at = begins
    db.session.add(call)
    for columns, economies in copy.coordinators:
        join(call, person(columns, economies, begins), Role.COORDINATOR, begins)
    second = invented("robin", "Robin", "Example Secretariat", "", begins)
    join(call, second, Role.COORDINATOR, begins)
    for n in range(applicants):
        named = _FIRST[n % len(_FIRST)]
        invented(f"applicant-{n + 1}", named, f"Example Enterprise {n + 1}", _ECONOMIES[n % len(_ECONOMIES)], begins)
    invented(FREE, "Sam", "Example Enterprise of Sam", "CH", begins)
    for n, named in enumerate(_JUDGES[: rules.REVIEWERS]):
        judge = invented(f"reviewer-{n + 1}", named, f"Example Institute {n + 1}", "", begins)
        made = join(call, judge, Role.REVIEWER, begins)
        made.languages = list(call.languages)
    db.session.flush()
    life.launch(call, 0, by=second, at=begins)
    return call


def person(columns: dict[str, Any], economies: list[str], at: datetime) -> Person:
    """Somebody in a rehearsal: without a password or a second step, since she is led in by another door."""
    made = Person(**columns, confirmed_at=at, created_at=at)
    made.economies = [PersonEconomy(code=code) for code in economies]
    db.session.add(made)
    return made


def invented(key: str, first: str, organisation: str, economy: str, at: datetime) -> Person:
    """Somebody who is nobody."""
    columns = {
        "id": uuid.uuid4(), "email": f"{key}@{DOMAIN}", "name": f"{first} Example", "organisation": organisation,
        "language": "en",
    }  # fmt: skip
    return person(columns, [economy] if economy else [], at)


def join(call: Call, who: Person, role: Role, at: datetime) -> Membership:
    """Give somebody a role in a rehearsal."""
    made = Membership(call=call, person=who, role=role, since=at)
    db.session.add(made)
    return made


def welcome(call: Call, columns: dict[str, Any], economies: list[str], at: datetime) -> None:
    """Let a coordinator into a rehearsal that was made before she became one."""
    if db.session.get(Person, columns["id"]) is None:
        join(call, person(columns, economies, at), Role.COORDINATOR, at)


def is_invented(person: Person) -> bool:
    """Whether somebody in a rehearsal is nobody."""
    return person.email.endswith(f"@{DOMAIN}")


def applicants() -> list[Person]:
    """The invented applicants who act by themselves, in order."""
    return _invented("applicant-")


def everybody() -> list[Person]:
    """All who are in the rehearsal."""
    return list(db.session.scalars(sa.select(Person).order_by(Person.name_folded, Person.email)))


def _invented(key: str) -> list[Person]:
    found = sa.select(Person).where(Person.email.startswith(key), Person.email.endswith(f"@{DOMAIN}"))
    return sorted(db.session.scalars(found), key=lambda p: int(p.email.partition("@")[0].rpartition("-")[2]))
