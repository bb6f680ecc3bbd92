"""Checking a receipt: a page for everybody, which knows the public keys and asks for nothing else.

It says nothing of what lies here: not whether a reference exists, nor whether a proposal still counts.
"""

import math
from datetime import timedelta
from zoneinfo import ZoneInfo

from flask import Response, jsonify, make_response, render_template, request
from werkzeug.exceptions import TooManyRequests
from werkzeug.wrappers import Response as AnyResponse

from msme_calls import clock, i18n, keys, signing
from msme_calls.access import public
from msme_calls.accounts import throttle
from msme_calls.extensions import csrf, db
from msme_calls.proposals import receipts
from msme_calls.proposals.receipts import Checked, Finding
from msme_calls.publication.kept import kept
from msme_calls.publication.views import bp, front
from msme_calls.web import cache_publicly

LARGEST = 3_000_000  # bytes of a request: receipts have less than a tenth of that
CHECKS = throttle.Limit("checks of network", 120, timedelta(minutes=15))


def _keys() -> list[signing.PublicKey]:
    return [key.public for key in keys.known()]


@front.get("/.well-known/msme-calls-keys.json")
@public
@kept
def key_set() -> Response:
    """Every public key that ever signed here: JWKs, with what each signs, and from when until when."""
    return cache_publicly(jsonify(signing.key_set(_keys())), None)


@bp.get("/verify")
@public
@kept
def verify() -> Response:
    return cache_publicly(make_response(_page(None)), None)


@bp.post("/verify")
@csrf.exempt  # it changes nothing and knows nobody
@public
def verified() -> AnyResponse:
    request.max_content_length = LARGEST
    sent, pasted = request.files.get("file"), request.form.get("text", "")
    content = sent.read() if sent is not None and sent.filename else pasted.encode("utf-8", "replace")
    wait = throttle.count(CHECKS, throttle.network(request.remote_addr), clock.now())
    db.session.commit()
    if wait:
        raise TooManyRequests(retry_after=math.ceil(wait.total_seconds()))
    found = receipts.check(content, _keys())
    return make_response(_page(found, pasted), 422 if found.finding is Finding.NO_RECEIPT else 200)


def _page(found: Checked | None, pasted: str = "") -> str:
    return render_template(
        "publication/verify.html",
        found=found,
        zone=_zone(found),
        pasted=pasted[: receipts.LARGEST],
        findings=[finding.value for finding in Finding],
        key_set=signing.key_set(key for key in _keys() if key.use == receipts.USE),
        title=i18n.said(found.said["call"]["title"]) if found and found.said else "",
    )


def _zone(found: Checked | None) -> str:
    """The zone that a receipt names, as far as it is known here."""
    name = found.said["call"]["zone"] if found and found.said else "UTC"
    try:
        return ZoneInfo(name).key
    except (ValueError, OSError, LookupError):
        return "UTC"
