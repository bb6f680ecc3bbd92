"""Browsers that have signed in before: a signed cookie by which an owner isn't shut out by others' guesses."""

import secrets
from datetime import timedelta
from typing import Any

from flask import current_app, request
from itsdangerous import BadSignature, URLSafeSerializer
from werkzeug.wrappers import Response

from msme_calls.accounts import throttle

LASTS = timedelta(days=365)
MOST = 5  # accounts that one browser is known by
_LIMIT = throttle.GUESSES_OF_DEVICE


def known(address: str) -> str | None:
    """This browser's number if it has signed in to the account before."""
    return _kept().get(throttle.key(_LIMIT, address))


def remember(response: Response, address: str) -> Response:
    """Let this browser be known to the account from now on."""
    account, kept = throttle.key(_LIMIT, address), _kept()
    kept = {account: kept.pop(account, "") or secrets.token_urlsafe(12), **kept}
    settings = current_app.settings  # type: ignore[attr-defined]
    response.set_cookie(
        _name(),
        _serializer().dumps(list(kept.items())[:MOST]),
        max_age=LASTS,
        secure=settings.production,
        httponly=True,
        samesite="Lax",
    )
    return response


def _kept() -> dict[str, str]:
    """The accounts that this browser is known to, the latest first, each with the browser's number there."""
    try:
        return dict(_serializer().loads(request.cookies.get(_name(), "")))
    except BadSignature:
        return {}


def _name() -> str:
    return "__Host-device" if current_app.settings.production else "device"  # type: ignore[attr-defined]


def _serializer() -> Any:
    settings = current_app.settings  # type: ignore[attr-defined]
    keys = [key for key in (settings.secret_key_old, settings.secret_key) if key]  # the last one signs
    return URLSafeSerializer(keys, salt="known device")
