"""People, their sessions, the links that mails carry, and the count of wrong guesses."""

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from email_validator import EmailNotValidError, validate_email
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from msme_calls import i18n
from msme_calls.extensions import Base, uuid_key


class Person(Base):
    """Somebody with an account. What she may do in a call is said by her roles there (`calls`)."""

    __tablename__ = "people"
    id: Mapped[uuid.UUID] = uuid_key()
    email: Mapped[str] = mapped_column(unique=True)  # as `normal_address` makes it
    name: Mapped[str] = mapped_column(default="")
    name_folded: Mapped[str] = mapped_column(default="")  # to search by
    language: Mapped[str] = mapped_column(default="en")
    zone: Mapped[str] = mapped_column(default="")  # her own time zone, if she chose one
    password: Mapped[str | None]  # argon2's text; without one she signs in by links
    active: Mapped[bool] = mapped_column(default=True)
    confirmed_at: Mapped[datetime]  # when she showed that she reads the address: nobody is here who hasn't
    created_at: Mapped[datetime]
    is_administrator: Mapped[bool] = mapped_column(default=False)
    is_convenor: Mapped[bool] = mapped_column(default=False)
    organisation: Mapped[str] = mapped_column(default="")
    organisation_folded: Mapped[str] = mapped_column(default="", index=True)
    international_staff: Mapped[bool] = mapped_column(default=False)  # the economy rule leaves her out
    erased_at: Mapped[datetime | None]  # she ended her account: nothing here says any more who she was
    version: Mapped[int] = mapped_column(default=1)
    economies: Mapped[list["PersonEconomy"]] = relationship(
        back_populates="person", cascade="all, delete-orphan", order_by="PersonEconomy.code", lazy="selectin"
    )
    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (sa.CheckConstraint("language IN ('en', 'fr', 'es')", name="language_known"),)

    @validates("name", "organisation")
    def _fold(self, key: str, value: str) -> str:
        setattr(self, f"{key}_folded", i18n.folded(value))
        return value

    # What templates ask of Flask-Login's current_user.
    is_authenticated = True
    is_anonymous = False

    @property
    def economy_codes(self) -> frozenset[str]:
        """The economies that she represents or is a national of."""
        return frozenset(e.code for e in self.economies)


class PersonEconomy(Base):
    """An economy that a person represents or is a national of."""

    __tablename__ = "people_economies"
    person_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("people.id", ondelete="CASCADE"), primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    person: Mapped[Person] = relationship(back_populates="economies")


def _started(row: Any) -> datetime:
    """A session begins with a proof and a request: SQLAlchemy asks for what isn't given."""
    return row.get_current_parameters()["started_at"]


class LoginSession(Base):
    """A browser that is signed in. Ending it ends the cookie, wherever that was copied to."""

    __tablename__ = "login_sessions"
    sid_hash: Mapped[str] = mapped_column(primary_key=True)  # SHA-256 of what the cookie holds
    person_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("people.id", ondelete="CASCADE"), index=True)
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    proved_at: Mapped[datetime] = mapped_column(default=_started)  # when she last showed who she is
    seen_at: Mapped[datetime] = mapped_column(default=_started)  # its last request, to the hour
    browser: Mapped[str] = mapped_column(default="")  # of which family, a word of `agents`; nothing that tells it apart
    system: Mapped[str] = mapped_column(default="")
    person: Mapped[Person] = relationship()


class Link(Base):
    """A link that a mail carries: for one purpose, one address, one use, until it expires. Its token is kept hashed."""

    __tablename__ = "links"
    token_hash: Mapped[str] = mapped_column(primary_key=True)
    purpose: Mapped[str]
    address: Mapped[str] = mapped_column(index=True)
    subject_id: Mapped[uuid.UUID | None]  # what it is about: an invitation, a proposal …
    values: Mapped[dict] = mapped_column(default=dict)
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    used_by: Mapped[str | None]  # which browser, hashed: a button pressed twice there is one use


class Throttle(Base):
    """How often something was tried lately, by account or network; in the database, so that no restart forgets it."""

    __tablename__ = "throttles"
    key: Mapped[str] = mapped_column(primary_key=True)  # hashed: says neither who nor where
    tries: Mapped[int]
    first_at: Mapped[datetime]


def normal_address(text: Any) -> str:
    """An address as it is kept and compared: NFC, lower case, no spaces around, the domain as mail servers write it."""
    address = i18n.normal(str(text or "")[:1000]).casefold()  # none is so long
    try:
        return validate_email(address, check_deliverability=False).ascii_email or address
    except EmailNotValidError:
        return address
