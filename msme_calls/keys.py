"""The keys with which this installation signs: one for receipts, another for results; their public halves stay known.

The private half lies in the data folder, for its owner alone, or comes from a setting; it is made when it is first
needed. The public half is a row, so that every machine and every backup knows each key that ever signed. A key is
named by its thumbprint (RFC 7638): nobody can put another in its place under the same name.
"""

import base64
import os
import secrets
import tempfile
from collections.abc import Callable, Iterable
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
import structlog
from flask import current_app, has_request_context
from sqlalchemy.orm import Mapped, mapped_column

from msme_calls import freshness
from msme_calls.extensions import Base, db, insert_into
from msme_calls.signing import PublicKey, public_half, thumbprint
from msme_calls.storage import sync

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

log = structlog.get_logger()


class Use(Enum):
    """What a key signs, and nothing else."""

    RECEIPTS = "receipts"  # by the web server, at each submission
    RESULTS = "results"  # by the worker or a command, never while a page is made


class Unfit(Exception):
    """A key can't be used; the message says why, and what to do."""


@freshness.shown_to_all
class SigningKey(Base):
    """The public half of a key. Nothing dated after `until` is signed with it."""

    __tablename__ = "signing_keys"
    kid: Mapped[str] = mapped_column(primary_key=True)
    use: Mapped[Use]
    x: Mapped[str] = mapped_column(unique=True)  # 32 bytes, base64url
    since: Mapped[datetime]
    until: Mapped[datetime | None]
    __table_args__ = (
        sa.CheckConstraint("use IN ('receipts', 'results')", name="known_use"),
        sa.CheckConstraint("until IS NULL OR until >= since", name="ends_after_start"),
    )

    @property
    def public(self) -> PublicKey:
        """The same, for whoever checks a signature."""
        return PublicKey(self.kid, self.x, self.use.value, self.since, self.until)


class Held:
    """A key whose private half is here."""

    def __init__(self, private: "Ed25519PrivateKey") -> None:
        self._private = private
        self.x = public_half(private)
        self.kid = thumbprint(self.x)

    def sign(self, content: bytes) -> str:
        """The signature, in base64url without padding."""
        return base64.urlsafe_b64encode(self._private.sign(content)).rstrip(b"=").decode()


def signer(use: Use, at: datetime) -> Held | None:
    """The key to sign with now, its public half published in this transaction; None, and a word in the log, if none.

    What people send in is not refused for want of a signature: it is kept, and its page says that it isn't signed.
    """
    if use is Use.RESULTS and has_request_context():
        raise RuntimeError("results are not signed while a page is made")
    if signs_nothing():
        return None
    try:
        held = _held(use)
        publish(held, use, at)
    except (OSError, Unfit) as error:
        log.error("not signed", use=use.value, reason=str(error))
        return None
    return held


def fit(use: Use) -> bool:
    """Whether what comes next can be signed: the private half is here, or can be made, and nobody has retired it.

    It makes and publishes nothing.
    """
    if signs_nothing():
        return True
    path = _path(use)
    if not _given(use) and not path.exists():
        there = next(folder for folder in path.parents if folder.exists())
        return os.access(there, os.W_OK | os.X_OK)
    row = db.session.get(SigningKey, _held(use).kid)
    return row is None or (row.use is use and row.until is None)


def signs_nothing() -> bool:
    """Whether this is the application of a rehearsal, in which nothing is proven."""
    return bool(current_app.extensions.get("signs_nothing"))


def publish(held: Held, use: Use, at: datetime) -> None:
    """Make the public half known, once. Raises Unfit if it is known for another use, or no longer signs."""
    row = _published(held.kid)
    if row is None:
        values = {"kid": held.kid, "use": use, "x": held.x, "since": at, "until": None}
        new = insert_into(SigningKey).values(values).on_conflict_do_nothing()  # by whichever index
        db.session.execute(new)
        row = _published(held.kid)
    if row is None or row.use is not use:
        raise Unfit(f"This key is not for {use.value}: each use has a key of its own.")
    if row.until is not None:
        raise Unfit(f"The key {held.kid} was retired: run msme-calls keys rotate {use.value}, or set a new one.")


_PUBLISHED = sa.select(SigningKey.use, SigningKey.until).where(SigningKey.kid == sa.bindparam("kid"))


def _published(kid: str) -> Any:
    """What each submission asks of its key: not the whole row, which costs thrice as much."""
    return db.session.connection().execute(_PUBLISHED, {"kid": kid}).first()


def ready(uses: Iterable[Use], at: datetime) -> None:
    """Make and publish the keys that this process will need, and commit. What fails now is told in the log."""
    for use in uses:
        signer(use, at)
        db.session.commit()


def known(use: Use | None = None) -> list[SigningKey]:
    """All keys that ever were, or those of one use; the oldest first."""
    found = sa.select(SigningKey).order_by(SigningKey.since, SigningKey.kid)
    return list(db.session.scalars(found if use is None else found.where(SigningKey.use == use)))


def rotate(use: Use, ticks: Callable[[], datetime]) -> Held:
    """Put a new key in the place of the one in the data folder: whatever comes from now on is signed with the new one.

    The former stays published; it ends once nobody can take it up any more, or what it signs meanwhile would prove
    nothing. Raises Unfit where the key comes from a setting.
    """
    if _given(use):
        name = _setting(use).upper()
        raise Unfit(
            f"The key comes from MSME_{name}: set a new one (openssl rand -base64 32), restart every process, then run "
            "msme-calls keys retire with the former one."
        )
    path, former = _path(use), None
    if path.exists():
        former = _read(path)
    _write(path, replace=True)
    held = _held(use)
    publish(held, use, ticks())
    if former is not None:
        retire(former.kid, ticks())
    return held


def retire(kid: str, at: datetime) -> None:
    """Nothing that comes from now on is signed with a key; what it has signed stays valid. Raises Unfit if unknown."""
    row = db.session.get(SigningKey, kid)
    if row is None:
        raise Unfit(f"There is no key {kid}.")
    row.until = row.until or max(at, row.since)


def here(use: Use) -> str | None:
    """The name of the key whose private half is here, if there is one."""
    try:
        return _held(use).kid if _given(use) or _path(use).exists() else None
    except (OSError, Unfit):
        return None


def _setting(use: Use) -> str:
    return {Use.RECEIPTS: "receipt_key", Use.RESULTS: "results_key"}[use]


def _given(use: Use) -> str:
    return str(getattr(current_app.settings, _setting(use)))  # type: ignore[attr-defined]


def _path(use: Use) -> Path:
    folder: Path = current_app.settings.data / "keys"  # type: ignore[attr-defined]
    return folder / f"{use.value}.pem"


def _held(use: Use) -> Held:
    """The key of the setting, or of the file, which is made if it isn't there and read anew when it has changed."""
    cache: dict[Use, tuple[Any, Held]] = current_app.extensions.setdefault("signing_keys", {})
    given, path = _given(use), _path(use)
    if not given and not path.exists():
        _write(path)
    stamp: Any = given
    if not given:
        about = path.stat()
        stamp = (about.st_ino, about.st_mtime_ns, about.st_size)
    if use not in cache or cache[use][0] != stamp:
        cache[use] = (stamp, _of_seed(given) if given else _read(path))
    return cache[use][1]


def _of_seed(seed: str) -> Held:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Held(Ed25519PrivateKey.from_private_bytes(base64.b64decode(seed)))


def _read(path: Path) -> Held:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    if path.stat().st_mode & 0o077:  # copied, or restored, by somebody in a hurry
        path.chmod(0o600)
        log.warning("key was readable for others", path=str(path))
    try:
        private = load_pem_private_key(path.read_bytes(), None)
    except (ValueError, TypeError) as error:
        raise Unfit(f"{path} holds no key: put back the one that was there, or delete the file for a new one.") from (
            error
        )
    if not isinstance(private, Ed25519PrivateKey):
        raise Unfit(f"{path} holds a key of another kind than Ed25519.")
    return Held(private)


def _write(path: Path, replace: bool = False) -> None:
    """A new key, there whole or not at all; of processes that make one at once, the first wins."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    private = Ed25519PrivateKey.from_private_bytes(secrets.token_bytes(32))
    out = tempfile.NamedTemporaryFile(dir=path.parent, delete=False)  # for its owner alone
    try:
        with out:
            out.write(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
            out.flush()
            os.fsync(out.fileno())
        if replace:
            os.replace(out.name, path)
        else:
            os.link(out.name, path)
        sync(path.parent)
    except FileExistsError:
        pass
    finally:
        Path(out.name).unlink(missing_ok=True)
