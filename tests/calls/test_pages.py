"""Every page of setting up opens in every phase and language, and asks for the same number of statements whatever N."""

import pytest
import world
from pages import words
from signing_in import sign_in

from msme_calls.calls.models import Partner, Role

PAGES = ("", "/texts", "/dates", "/rules", "/criteria", "/criteria/new", "/form", "/form/preview", "/form/sections/new",
         "/partners", "/partners/new", "/people", "/people/invite", "/people/invite-reviewers", "/cancel", "/extend",
         "/history", "/copy")  # fmt: skip


@pytest.mark.parametrize("phase", world.PHASES)
def test_every_page_of_the_desk_opens(client, phase):
    by = world.person(is_convenor=True)
    call = world.call(phase, by=by)
    call.partners.append(Partner(position=0, name=world.three("Partner")))
    world.member(call, Role.REVIEWER)
    sign_in(client, by)
    rows = [f"/criteria/{call.criteria[0].id}", f"/form/sections/{call.sections[0].id}",
            *(f"/form/questions/{q.id}" for q in call.questions), f"/partners/{call.partners[0].id}"]  # fmt: skip
    for lang, page in [("en", p) for p in (*PAGES, *rows)] + [("fr", p) for p in PAGES]:
        assert client.page(f"/{lang}/desk/{call.slug}{page}").title


@pytest.mark.parametrize(
    ("page", "marked"),
    [
        ("", [("Overview", "page")]), ("/dates", [("Dates", "page")]), ("/criteria/new", [("Criteria", "true")]),
        ("/people/invite", [("People", "true")]), ("/extend", [("Overview", "true")]),
        ("/cancel", [("Overview", "true")]),
    ],
)  # fmt: skip
def test_the_menu_marks_where_one_is_also_on_pages_below_another(client, page, marked):
    by = world.person()
    call = world.call("open", by=by)
    shown = sign_in(client, by).page(f"/en/desk/{call.slug}{page}")
    entries = shown.all("main//div[@class='menu']/nav//a")
    assert [(words(a), a.get("aria-current")) for a in entries if a.get("aria-current")] == marked
