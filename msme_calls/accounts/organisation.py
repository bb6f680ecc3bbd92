"""Signing in through an organisation's own accounts (OpenID Connect), where the settings name one.

Code flow with PKCE, state and nonce. What the provider says is believed of addresses in the domains that the settings
trust it for, once it says that they are verified; it never says who has which role here.
"""

import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa
import structlog
from flask import Flask, current_app
from flask_babel import gettext as _
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from msme_calls import history, i18n
from msme_calls.accounts import actions, queries, rules
from msme_calls.accounts.models import Person, normal_address
from msme_calls.extensions import Base, db

if TYPE_CHECKING:
    from authlib.integrations.flask_client import FlaskOAuth2App

log = structlog.get_logger()
PATIENCE = 10  # seconds that the provider may take to answer each request
LEEWAY = 60  # seconds that its clock may differ from ours
# Signed with a key that only the provider has: neither unsigned, nor by the secret that we know too.
ALGORITHMS = frozenset(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"))


class Identity(Base):
    """An account at a provider, and whose account here it opens."""

    __tablename__ = "identities"
    issuer: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("people.id", ondelete="CASCADE"), index=True)
    linked_at: Mapped[datetime]


class Claims(NamedTuple):
    """What the provider says of somebody, once its signature, audience, nonce and times are found right."""

    issuer: str
    subject: str
    address: str
    verified: bool
    name: str
    proved_at: datetime | None  # when she showed there who she is, if it says so


class NotLet(Exception):
    """She isn't let in; the message is a whole sentence that says what to do."""


class Unreached(Exception):
    """The provider is down, hangs, or answers what can't be understood."""


def init_app(app: Flask) -> None:
    """Make the client, if there is a provider; it is asked for its own description when somebody first comes by it."""
    settings = app.settings  # type: ignore[attr-defined]
    if not settings.oidc_issuer:
        return
    from authlib.integrations.flask_client import FlaskOAuth2App, OAuth  # slow to import, and seldom needed

    class Provider(FlaskOAuth2App):
        """A client that takes the description of no other provider, and no weak signature, whatever that says."""

        def load_server_metadata(self) -> dict[str, Any]:
            said = super().load_server_metadata()
            if said.get("issuer") != settings.oidc_issuer:
                said.clear()
                raise ValueError("the provider calls itself otherwise than MSME_OIDC_ISSUER")
            offered = said.get("id_token_signing_alg_values_supported") or ["RS256"]
            said["id_token_signing_alg_values_supported"] = [a for a in offered if a in ALGORITHMS]
            return said

    app.extensions["organisation"] = OAuth(app).register(
        "organisation",
        client_cls=Provider,
        client_id=settings.oidc_client_id,
        client_secret=settings.oidc_client_secret,
        server_metadata_url=f"{settings.oidc_issuer.rstrip('/')}/.well-known/openid-configuration",
        client_kwargs={
            "scope": "openid email profile", "code_challenge_method": "S256", "default_timeout": PATIENCE,
        },
    )  # fmt: skip


def name() -> str:
    """What the organisation is called on the button; empty if there is none."""
    settings = current_app.settings  # type: ignore[attr-defined]
    return settings.oidc_name if settings.oidc_issuer else ""


def client() -> "FlaskOAuth2App | None":
    return current_app.extensions.get("organisation")


def start(back: str) -> Any:
    """The way to the provider; `back` is where it sends people afterwards. Raises Unreached."""
    provider = client()
    assert provider is not None
    try:
        return provider.authorize_redirect(back)
    except Exception as error:  # whatever requests and Authlib raise of a provider that is down or talks nonsense
        log.warning("organisation's sign-in unreached", error=type(error).__name__)
        raise Unreached from error


def claims() -> Claims:
    """What the provider says of whoever comes back from it with this request. Raises NotLet and Unreached."""
    from authlib.common.errors import AuthlibBaseError
    from joserfc.errors import JoseError
    from requests import RequestException

    provider, issuer = client(), current_app.settings.oidc_issuer  # type: ignore[attr-defined]
    assert provider is not None
    wanted = {
        "iss": {"essential": True, "value": issuer},
        "aud": {"essential": True, "value": provider.client_id},
        "sub": {"essential": True},
    }
    try:
        said = provider.authorize_access_token(claims_options=wanted, leeway=LEEWAY).get("userinfo")
    except (AuthlibBaseError, JoseError) as error:
        log.warning("organisation's sign-in refused", error=type(error).__name__)
        raise NotLet(_again()) from error
    except (RequestException, ValueError, RuntimeError, KeyError, TypeError) as error:
        log.warning("organisation's sign-in unreached", error=type(error).__name__)
        raise Unreached from error
    if not said:
        raise NotLet(_again())
    return _read(issuer, said)


def _again() -> str:
    return _("Signing in through your organisation did not work. Try once more, or sign in in another way.")


def _read(issuer: str, said: Any) -> Claims:
    shown = said.get("auth_time")
    return Claims(
        issuer,
        str(said["sub"]),
        normal_address(said.get("email")),
        said.get("email_verified") is True,
        i18n.normal(str(said.get("name") or "")),
        datetime.fromtimestamp(shown, UTC) if isinstance(shown, int | float) and 0 < shown < 1e11 else None,
    )


def person_of(said: Claims, *, at: datetime) -> Person:
    """Whose account it is: by what was linked before, else by an address that the provider is trusted for.

    Somebody new gets an account; nobody gets a role. Raises NotLet.
    """
    if not said.verified or rules.no_address(said.address):
        raise NotLet(_("Your organisation doesn’t say that your address is verified. Sign in in another way."))
    linked = db.session.get(Identity, (said.issuer, said.subject))
    person = db.session.get(Person, linked.person_id) if linked else _by_address(said, at)
    if person is None or not person.active:
        raise NotLet(_("This account is closed. Write to us if you think that it should not be."))
    return person


def _by_address(said: Claims, at: datetime) -> Person:
    if said.address.rpartition("@")[2] not in current_app.settings.trusted_domains:  # type: ignore[attr-defined]
        raise NotLet(_("Your organisation can’t vouch for your address here. Sign in in another way."))
    found = queries.find_by_address(said.address)
    if found is not None and not found.active:
        return found
    called = said.name if said.name and not rules.no_name(said.name) else said.address.partition("@")[0]
    person = actions.person_for(said.address, called, i18n.language(), at=at)
    made = Identity(issuer=said.issuer, subject=said.subject, person_id=person.id, linked_at=at)
    try:
        with db.session.begin_nested():
            db.session.add(made)
    except IntegrityError:  # she came back twice at this very moment
        return db.session.get_one(Person, db.session.get_one(Identity, (said.issuer, said.subject)).person_id)
    history.record("link-organisation", by=person, at=at, person=str(person.id))
    return person


def unlink(person: Person) -> None:
    """Let no provider open this account any more, until it is linked anew by its address."""
    db.session.execute(sa.delete(Identity).where(Identity.person_id == person.id))
