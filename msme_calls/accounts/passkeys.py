"""Passkeys (WebAuthn): what a browser is asked, and whether what it answers is right.

A question needs no row: it is signed, holds for an hour, and the table of throttles remembers which were answered.
User verification is required everywhere, so that a passkey is two factors by itself: the device and its owner.
"""

import hmac
import json
import secrets
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import sqlalchemy as sa
import structlog
import webauthn
from flask import current_app, request
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url, options_to_json, parse_client_data_json
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from msme_calls.accounts import factors, throttle, vault
from msme_calls.accounts.factors import PASSKEY, Factor
from msme_calls.accounts.models import Person
from msme_calls.extensions import db

log = structlog.get_logger()
HOUR = timedelta(hours=1)
ANSWERS = throttle.Limit("answers to a passkey's question", 1, HOUR)
NEW, SECOND, ALONE = "new passkey", "second step", "sign-in"  # what a question is asked for
_NONCE, _INSTANT = 16, 8  # bytes of a question before its signature
_LONGEST = 20_000  # characters of an answer


class Site(NamedTuple):
    """For which name passkeys are made, and from which address browsers must answer."""

    name: str
    origin: str


class Made(NamedTuple):
    """A passkey that has just been made."""

    credential: str
    public_key: str
    uses: int


def site() -> Site | None:
    """This site's own name; None where it has only a number, which passkeys can't be made for.

    A development installation at 127.0.0.1 is reached as localhost too, and has passkeys there.
    """
    settings = current_app.settings  # type: ignore[attr-defined]
    parts = urlsplit(settings.address)
    host = parts.hostname or ""
    try:
        ip_address(host)
    except ValueError:
        return Site(host, f"{parts.scheme}://{host}{f':{parts.port}' if parts.port else ''}")
    if not settings.production and urlsplit(request.host_url).hostname == "localhost":
        return Site("localhost", request.host_url.rstrip("/"))
    return None


def ask_for_new(person: Person, at: datetime) -> str:
    """What a browser needs to make a passkey: in a phone, in this computer or on a key, as its owner likes."""
    here = site()
    if here is None:
        return ""
    chosen = AuthenticatorSelectionCriteria(
        resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
    )
    options = webauthn.generate_registration_options(
        rp_id=here.name,
        rp_name="MSME Calls",
        user_id=person.id.bytes,
        user_name=person.email,
        user_display_name=person.name or person.email,
        challenge=_question(NEW, str(person.id), at),
        authenticator_selection=chosen,
        exclude_credentials=_credentials(person),
    )
    return options_to_json(options)


def made(person: Person, answer: str, at: datetime) -> Made | None:
    """The passkey that a browser has made, if it is for this person and this site."""
    here, read = site(), _read(answer)
    question = _answered(read, NEW, str(person.id), at)
    if here is None or question is None:
        return None
    try:
        verified = webauthn.verify_registration_response(
            credential=read,
            expected_challenge=question,
            expected_rp_id=here.name,
            expected_origin=here.origin,
            require_user_verification=True,
        )
    except Exception as error:  # whatever was sent, it is no passkey: there are too many ways for it to be none
        _refused(error)
        return None
    credential = bytes_to_base64url(verified.credential_id)
    taken = db.session.scalar(sa.select(sa.exists().where(Factor.credential == credential)))
    if taken or not _first(question, at):
        return None
    return Made(credential, bytes_to_base64url(verified.credential_public_key), verified.sign_count)


def ask(person: Person | None, at: datetime) -> str:
    """What a browser needs to show a passkey: one of this person's, or (None) whichever it has for this site."""
    here = site()
    if here is None:
        return ""
    options = webauthn.generate_authentication_options(
        rp_id=here.name,
        challenge=_question(SECOND if person else ALONE, str(person.id) if person else "", at),
        allow_credentials=_credentials(person) if person else [],
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return options_to_json(options)


def shown(person: Person | None, answer: str, at: datetime) -> Person | None:
    """Whose passkey was shown, if it was right: this person's, or (None) anybody's who has an account in use."""
    here, read = site(), _read(answer)
    question = _answered(read, SECOND if person else ALONE, str(person.id) if person else "", at)
    found = _factor(read)
    if here is None or question is None or found is None:
        return None
    factor, owner = found
    if not owner.active or (person is not None and owner.id != person.id) or not _hers(read, owner):
        return None
    try:
        verified = webauthn.verify_authentication_response(
            credential=read,
            expected_challenge=question,
            expected_rp_id=here.name,
            expected_origin=here.origin,
            credential_public_key=base64url_to_bytes(factor.public_key or ""),
            credential_current_sign_count=factor.uses,
            require_user_verification=True,
        )
    except Exception as error:  # as above; a copied passkey is among it, whose count of uses stays behind
        _refused(error)
        return None
    if not _first(question, at):
        return None
    factor.uses, factor.used_at = verified.new_sign_count, at
    return owner


def _refused(error: Exception) -> None:
    log.info("passkey refused", error=type(error).__name__, reason=str(error)[:200])


def _read(answer: str) -> dict[str, Any]:
    """A browser's answer, which may be anything."""
    try:
        read = json.loads(answer) if len(answer) <= _LONGEST else None
    except (ValueError, RecursionError):
        read = None
    return read if isinstance(read, dict) else {}


def _factor(read: dict[str, Any]) -> tuple[Factor, Person] | None:
    credential = read.get("id")
    if not isinstance(credential, str) or not credential.isascii() or "\0" in credential:
        return None
    found = sa.select(Factor, Person).join(Person, Person.id == Factor.person_id)
    row = db.session.execute(found.where(Factor.credential == credential, Factor.kind == PASSKEY)).first()
    return (row[0], row[1]) if row else None


def _hers(read: dict[str, Any], owner: Person) -> bool:
    """Whether the passkey says itself whose it is, where it says so."""
    said = read.get("response", {}).get("userHandle") if isinstance(read.get("response"), dict) else None
    return not said or said == bytes_to_base64url(owner.id.bytes)


def _credentials(person: Person) -> list[PublicKeyCredentialDescriptor]:
    own = factors.of(person, PASSKEY)
    return [PublicKeyCredentialDescriptor(id=base64url_to_bytes(f.credential or "")) for f in own]


def _question(purpose: str, who: str, at: datetime) -> bytes:
    head = secrets.token_bytes(_NONCE) + int(at.timestamp()).to_bytes(_INSTANT)
    return head + _signature(head, purpose, who)


def _signature(head: bytes, purpose: str, who: str) -> bytes:
    return hmac.digest(vault.key("msme-calls questions to passkeys"), head + f"{purpose}\0{who}".encode(), "sha256")


def _answered(read: dict[str, Any], purpose: str, who: str, at: datetime) -> bytes | None:
    """The question that is answered, if we asked it lately, for this purpose and of this person."""
    try:
        question = parse_client_data_json(base64url_to_bytes(read["response"]["clientDataJSON"])).challenge
    except Exception:  # whatever was sent, it answers no question
        return None
    head, signature = question[: _NONCE + _INSTANT], question[_NONCE + _INSTANT :]
    asked = int.from_bytes(head[_NONCE:])
    if not hmac.compare_digest(signature, _signature(head, purpose, who)):
        return None
    return question if asked <= at.timestamp() < asked + HOUR.total_seconds() else None


def _first(question: bytes, at: datetime) -> bool:
    """Whether nobody has answered this question before."""
    return throttle.count(ANSWERS, question.hex(), at) is None
