"""Second factors: what somebody shows besides her password or her mailbox, and what is done to them."""

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask import current_app
from sqlalchemy.orm import Mapped, mapped_column

from msme_calls import history, i18n, outbox
from msme_calls.accounts import codes, links, rules, sessions, vault
from msme_calls.accounts.models import Person
from msme_calls.errors import allow
from msme_calls.extensions import Base, db, uuid_key
from msme_calls.i18n import _l
from msme_calls.sweeps import sweep

MOST = 10  # factors of one person
APP, PASSKEY = "app", "passkey"


class Factor(Base):
    """An authenticator app or a passkey."""

    __tablename__ = "factors"
    id: Mapped[uuid.UUID] = uuid_key()
    person_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("people.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str]
    name: Mapped[str] = mapped_column(default="")
    secret: Mapped[str | None]  # of an app, encrypted (`vault`)
    last_step: Mapped[int | None] = mapped_column(sa.BigInteger)  # of an app: no code of this step or before is taken
    credential: Mapped[str | None] = mapped_column(unique=True)  # of a passkey: its number, in base64url
    public_key: Mapped[str | None]
    uses: Mapped[int] = mapped_column(sa.BigInteger, default=0)  # as a passkey counts them, if it does
    added_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    __table_args__ = (
        sa.CheckConstraint(
            "(kind = 'app' AND secret IS NOT NULL AND credential IS NULL AND public_key IS NULL) OR "
            "(kind = 'passkey' AND secret IS NULL AND credential IS NOT NULL AND public_key IS NOT NULL)",
            name="kind_known",
        ),
    )


class RecoveryCode(Base):
    """A code on paper, for when the other factors are lost; kept hashed, used once."""

    __tablename__ = "recovery_codes"
    person_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("people.id", ondelete="CASCADE"), primary_key=True)
    code_hash: Mapped[str] = mapped_column(primary_key=True)
    made_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


def has(person: Person) -> bool:
    """Whether somebody takes a second step to sign in."""
    return bool(db.session.scalar(sa.select(sa.exists().where(Factor.person_id == person.id))))


def of(person: Person, kind: str | None = None) -> list[Factor]:
    """Somebody's factors, in the order in which she added them."""
    hers = sa.select(Factor).where(Factor.person_id == person.id).order_by(Factor.added_at, Factor.id)
    return list(db.session.scalars(hers if kind is None else hers.where(Factor.kind == kind)))


def own(person: Person, factor_id: uuid.UUID) -> Factor | None:
    """One of somebody's own factors."""
    return db.session.scalar(sa.select(Factor).where(Factor.id == factor_id, Factor.person_id == person.id))


def codes_left(person: Person) -> int:
    """How many recovery codes somebody still has."""
    unused = sa.select(sa.func.count()).select_from(RecoveryCode)
    return db.session.scalar(unused.where(RecoveryCode.person_id == person.id, RecoveryCode.used_at.is_(None))) or 0


def no_more(count: int) -> str | None:
    """The reason against one more factor."""
    return _l("Remove one first: %(n)d are the most.", n=MOST) if count >= MOST else None


# What is done.


def add_app(person: Person, name: str, secret: str, step: int, *, by: Person, at: datetime) -> list[str]:
    """Add an app that has shown the code of a time step; gives the recovery codes that come with a first factor."""
    sealed = vault.seal(secret, str(person.id), at)
    return _add(person, Factor(kind=APP, name=name, secret=sealed, last_step=step, used_at=at), by=by, at=at)


def add_passkey(
    person: Person, name: str, credential: str, public_key: str, uses: int, *, by: Person, at: datetime
) -> list[str]:
    """Add a passkey that has been made for this site; gives the recovery codes that come with a first factor."""
    made = Factor(kind=PASSKEY, name=name, credential=credential, public_key=public_key, uses=uses)
    return _add(person, made, by=by, at=at)


def _add(person: Person, factor: Factor, *, by: Person, at: datetime) -> list[str]:
    before = len(of(person))
    allow(no_more(before) or rules.no_organisation(factor.name))
    factor.person_id, factor.name, factor.added_at = person.id, i18n.normal(factor.name), at
    db.session.add(factor)
    history.record("add-second-factor", by=by, at=at, person=str(person.id), kind=factor.kind)
    _tell(person, "added", at, factor)
    return [] if before else _new_codes(person, at)


def rename(factor: Factor, name: str, *, by: Person, at: datetime) -> None:
    """Call a factor otherwise."""
    allow(rules.no_organisation(name))
    factor.name = i18n.normal(name)
    history.record("rename-second-factor", by=by, at=at, person=str(factor.person_id))


def remove(person: Person, factor: Factor, *, by: Person, at: datetime) -> None:
    """Take a factor away; with the last one the recovery codes go too, for there is no second step any more."""
    db.session.delete(factor)
    db.session.flush()
    if not has(person):
        _drop_codes(person)
    history.record("remove-second-factor", by=by, at=at, person=str(person.id), kind=factor.kind)
    _tell(person, "removed", at, factor)


def renew_codes(person: Person, *, by: Person, at: datetime) -> list[str]:
    """A new set of recovery codes: shown this once; the former ones no longer work."""
    allow(None if has(person) else _l("Set up a second step first."))
    made = _new_codes(person, at)
    history.record("renew-recovery-codes", by=by, at=at, person=str(person.id))
    _tell(person, "codes", at)
    return made


def reset(person: Person, *, by: Person | None, at: datetime) -> None:
    """Take all of somebody's factors away, who has lost them; she is signed out and told."""
    allow(rules.no_reset(by is not None and person.id == by.id))
    _drop_codes(person)
    taken = db.session.execute(sa.delete(Factor).where(Factor.person_id == person.id)).rowcount  # type: ignore[attr-defined]
    sessions.end_all(person, at)
    links.void(person.email, "second-step", at=at)
    history.record("reset-second-factor", by=by, at=at, person=str(person.id), factors=taken)
    _tell(person, "reset", at)


def _new_codes(person: Person, at: datetime) -> list[str]:
    _drop_codes(person)
    made, owner = codes.new_recovery_codes(), str(person.id)
    db.session.add_all(
        RecoveryCode(person_id=person.id, code_hash=codes.kept(code, owner), made_at=at) for code in made
    )
    return made


def _drop_codes(person: Person) -> None:
    db.session.execute(sa.delete(RecoveryCode).where(RecoveryCode.person_id == person.id))


def _tell(person: Person, what: str, at: datetime, factor: Factor | None = None, **more: Any) -> None:
    if factor is not None:
        more |= {"kind": factor.kind, "named": factor.name}
    outbox.queue("second_factor", to=person, at=at, what=what, **more)


# Whether what was shown is right. Each of these uses it up: of two at once the database lets one through.


def use_code(person: Person, typed: str, *, at: datetime) -> bool:
    """Whether this is a code of one of her apps now, and none that was used before."""
    return codes.figures(typed) != "" and any(_use_app(app, person, typed, at) for app in of(person, APP))


def _use_app(app: Factor, person: Person, typed: str, at: datetime) -> bool:
    secret = vault.opened(app.secret or "", str(person.id), at)
    step = codes.step_of(secret, typed, at, app.last_step) if secret else None
    if step is None:
        return False
    unused = sa.update(Factor).where(Factor.id == app.id, sa.or_(Factor.last_step.is_(None), Factor.last_step < step))
    return db.session.execute(unused.values(last_step=step, used_at=at)).rowcount == 1  # type: ignore[attr-defined]


def use_recovery_code(person: Person, typed: str, *, at: datetime) -> bool:
    """Whether this is one of her recovery codes; it is used up, and she is told."""
    unused = sa.update(RecoveryCode).where(RecoveryCode.person_id == person.id, RecoveryCode.used_at.is_(None))
    this = unused.where(RecoveryCode.code_hash == codes.kept(typed, str(person.id))).values(used_at=at)
    if db.session.execute(this).rowcount != 1:  # type: ignore[attr-defined]
        return False
    history.record("use-recovery-code", by=person, at=at, person=str(person.id))
    _tell(person, "code-used", at, left=codes_left(person))
    return True


@sweep
def seal_again(at: datetime) -> int:
    """After the secret key has changed: encrypt with the new one what the former one still opens."""
    if not current_app.settings.secret_key_old:  # type: ignore[attr-defined]
        return 0
    moved = 0
    former = Factor.kind == APP, Factor.secret.not_like(f"{vault.mark()}.%")
    for factor_id, person_id, sealed in db.session.execute(
        sa.select(Factor.id, Factor.person_id, Factor.secret).where(*former)
    ).all():
        if secret := vault.opened(sealed or "", str(person_id), at):
            unchanged = sa.update(Factor).where(Factor.id == factor_id, Factor.secret == sealed)
            db.session.execute(unchanged.values(secret=vault.seal(secret, str(person_id), at)))
            moved += 1
    db.session.commit()
    return moved
