"""Codes to type: six figures of an authenticator app, and recovery codes on paper."""

import hashlib
import hmac
import re
import secrets
from datetime import datetime

import pyotp

STEP = 30  # seconds that a code of an app holds (RFC 6238)
WINDOW = 1  # steps before and after, for clocks that differ and for people who type slowly
RECOVERY = 10  # codes in a set
_LETTERS = "ABCDEFGHJKMNPQRSTVWXYZ23456789"  # none that looks like another one
_GROUPS, _GROUP = 4, 4  # 16 letters of 30: 78 bits, so that a plain hash keeps them


def new_secret() -> str:
    """The secret that an app and this server share: 160 bits in base32."""
    return pyotp.random_base32()


def address(secret: str, account: str) -> str:
    """What an app reads from the picture (otpauth://…)."""
    return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name="MSME Calls")


def step_of(secret: str, typed: str, at: datetime, after: int | None) -> int | None:
    """The time step whose code was typed, if it is one of now and later than the last one used (`after`)."""
    app, now, found = pyotp.TOTP(secret), int(at.timestamp()) // STEP, None
    for step in range(now - WINDOW, now + WINDOW + 1):
        if hmac.compare_digest(app.generate_otp(step), figures(typed)) and (after is None or step > after):
            found = step
    return found


def figures(typed: str) -> str:
    """A code of an app as typed, without spaces; empty if it is none."""
    text = re.sub(r"\s", "", typed)
    return text if re.fullmatch(r"[0-9]{6}", text) else ""


def new_recovery_codes() -> list[str]:
    """A set of recovery codes, as they are printed: ABCD-EFGH-JKMN-PQRS."""
    return [
        "-".join("".join(secrets.choice(_LETTERS) for _ in range(_GROUP)) for _ in range(_GROUPS))
        for _ in range(RECOVERY)
    ]


def kept(code: str, owner: str) -> str:
    """A recovery code as the database keeps it, however it was typed."""
    letters = re.sub(r"[^A-Z0-9]", "", code.upper())
    return hashlib.sha256(f"{owner}\n{letters}".encode()).hexdigest()


def in_groups(secret: str) -> str:
    """A secret as people can copy it by hand."""
    return " ".join(re.findall(".{1,4}", secret))
