"""What is hidden can't be told from how much work a page is: the same statements, whoever applies or reviews.

Threat A15.
"""

import world
from signing_in import browser_of
from statements import statements

from msme_calls.calls.models import Blindness
from msme_calls.extensions import db


def asked(browser, url):
    """Each statement that the page runs, once the process has kept the call's form."""
    browser.page(url)
    with statements() as run:
        browser.page(url)
    return run


def test_an_applicants_pages_ask_the_same_whether_somebody_reviews_or_not(app):
    call = world.call("review", blindness=Blindness.OPEN)
    alone, judged = world.proposal(call), world.proposal(call)
    for _ in range(3):
        world.review(judged, comment_applicant="A word")
    db.session.commit()
    for page in ("", "/receipt"):
        runs = [asked(browser_of(app, p.owner), f"/en/proposals/{p.id}{page}") for p in (alone, judged)]
        assert runs[0] == runs[1], page
    assert asked(browser_of(app, alone.owner), "/en/my-work") == asked(browser_of(app, judged.owner), "/en/my-work")


def test_a_blind_reviewers_pages_ask_the_same_whoever_applies(app):
    call = world.call("review", blindness=Blindness.SINGLE, economy_rule=False)
    who = world.reviewer(call)
    known = world.person(economies=("KE", "SN", "FJ"), organisation="Example House", is_convenor=True)
    made = [world.assignment(world.proposal(call, by), who) for by in (known, world.person())]
    db.session.commit()
    browser = browser_of(app, who)
    runs = [asked(browser, f"/en/reviews/{assignment.id}") for assignment in made]
    assert runs[0] == runs[1]
