"""Partners, and who may see their logos when."""

import io

import pytest
import world
from flask import url_for
from PIL import Image

from msme_calls import uploads
from msme_calls.calls.models import Partner
from msme_calls.extensions import db


def picture(kind="PNG", size=(400, 240)):
    out = io.BytesIO()
    image = Image.effect_noise(size, 90).convert("RGB")
    image.save(out, kind)
    return out.getvalue()


def add(desk, call, **values):
    page = desk.page(f"/en/desk/{call.slug}/partners")
    form = desk.page(page.link("Add a partner")).form(button="Save the partner")
    return desk.submit(form, **{**{f"name-{c}": f"Example {c}" for c in ("en", "fr", "es")}, **values})


@pytest.mark.parametrize(("kind", "name"), [("PNG", "logo.png"), ("JPEG", "Logo of ours.JPG")])
def test_a_logo_is_drawn_anew_and_small(desk, draft, kind, name):
    sent = add(desk, draft, link="https://www.example.org", logo=(io.BytesIO(picture(kind)), name))
    assert sent.status_code == 302
    partner = draft.partners[0]
    assert (partner.name["fr"], partner.link) == ("Example fr", "https://www.example.org")
    kept = world.content(partner.logo_sha256)
    assert len(kept) <= 10_000
    assert Image.open(io.BytesIO(kept)).format == "PNG"


def test_what_is_no_picture_is_refused_and_the_rest_is_kept_as_typed(desk, draft):
    sent = add(desk, draft, link="https://www.example.org", logo=(io.BytesIO(b"<svg onload=x>"), "logo.png"))
    assert sent.status_code == 422
    assert "We can’t read this kind of file" in sent.text
    assert 'value="https://www.example.org"' in sent.text
    assert draft.partners == []


@pytest.mark.parametrize("link", ["javascript:alert(1)", "ftp://example.org", "nowhere", "https://a.b c"])
def test_a_link_leads_to_the_web_or_is_refused(desk, draft, link):
    assert add(desk, draft, link=link).status_code == 422
    assert draft.partners == []


def test_a_logo_is_public_with_its_call_and_absent_before(desk, client, draft):
    add(desk, draft, logo=(io.BytesIO(picture()), "logo.png"))
    sha = draft.partners[0].logo_sha256
    anybody = desk.application.test_client()
    hidden, absent = anybody.get(f"/logos/{sha}.png"), anybody.get(f"/logos/{'0' * 64}.png")
    assert (hidden.status_code, hidden.data) == (absent.status_code, absent.data) == (404, absent.data)
    for odd in ("/logos/x.png", "/logos/..%2f..%2fetc%2fpasswd.png", f"/logos/{sha.upper()}.png"):
        assert anybody.get(odd).status_code == 404
    assert desk.get(f"/en/desk/{draft.slug}/partners/{draft.partners[0].id}/logo.png").status_code == 200
    draft.launched_at = draft.opens_at
    shown = anybody.get(f"/logos/{sha}.png")
    assert (shown.status_code, shown.mimetype) == (200, "image/png")
    assert "immutable" in shown.headers["Cache-Control"] and "public" in shown.headers["Cache-Control"]
    assert shown.headers["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in shown.headers
    with desk.application.test_request_context():
        assert url_for("calls.logo", sha256=sha) == f"/logos/{sha}.png", "one address for all languages"


def test_a_file_that_is_no_logo_is_never_served_there(desk, draft):
    call = world.call("open")
    made = world.draft(call)
    sha = next((a.sha256 for a in made.attachments), None) or uploads.logo(io.BytesIO(picture()), "a.png").sha256
    assert desk.application.test_client().get(f"/logos/{sha}.png").status_code == 404


def test_partners_are_ordered_changed_and_removed(desk, draft):
    for n in range(3):
        draft.partners.append(Partner(position=n, name=world.three(f"P{n}")))
    db.session.commit()
    page = desk.page(f"/en/desk/{draft.slug}/partners")
    desk.submit(page.form(action=f"{draft.partners[2].id}/up"))
    assert [p.name["en"] for p in draft.partners] == ["P0 (en)", "P2 (en)", "P1 (en)"]
    row = draft.partners[1]
    desk.submit(
        desk.page(f"/en/desk/{draft.slug}/partners/{row.id}").form(button="Save the partner"), **{"name-en": "N"}
    )
    assert row.name["en"] == "N"
    desk.submit(page.form(action=f"{row.id}/remove"))
    assert [p.name["en"] for p in draft.partners] == ["P0 (en)", "P1 (en)"]


def test_a_logo_stays_until_it_is_replaced_or_removed(desk, draft):
    add(desk, draft, logo=(io.BytesIO(picture()), "logo.png"))
    partner, first = draft.partners[0], draft.partners[0].logo_sha256
    url = f"/en/desk/{draft.slug}/partners/{partner.id}"
    desk.submit(desk.page(url).form(button="Save the partner"), **{"name-en": "New name"})
    assert (partner.name["en"], partner.logo_sha256) == ("New name", first)
    desk.submit(desk.page(url).form(button="Save the partner"), logo=(io.BytesIO(picture("PNG", (60, 60))), "b.png"))
    assert partner.logo_sha256 not in (first, None)
    desk.submit(desk.page(url).form(button="Save the partner"), without_logo="y")
    assert partner.logo_sha256 is None
