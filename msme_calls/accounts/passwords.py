"""Passwords: hashed with argon2, and checked in the same time whether or not there is one."""

import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from msme_calls.i18n import thinned

_hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)  # OWASP, Password Storage, argon2id
# The hash of a random text that was thrown away: what is checked against where there is no account or no password.
_NOBODYS = "$argon2id$v=19$m=19456,t=2,p=1$6S+wKSAFP5csUMSZ/o76Vw$Uug5yxDECHuBFZGZE9bb/LgUSsrvaGasy4Atn7WZLh4"


def hashed(password: str) -> str:
    """A password as it is kept."""
    return _hasher.hash(_normal(password))


def match(kept: str | None, password: str) -> bool:
    """Whether a password is the one that is kept. Without one it takes as long to say no."""
    try:
        return _hasher.verify(kept or _NOBODYS, _normal(password)) and kept is not None
    except (Argon2Error, InvalidHashError):
        return False


def outdated(kept: str | None) -> bool:
    """Whether the password should be hashed again, with today's parameters."""
    return kept is not None and _hasher.check_needs_rehash(kept)


def _normal(password: str) -> bytes:
    return unicodedata.normalize("NFC", thinned(password)).encode("utf-8", "replace")
