"""Twenty presses at once are one submission, and two windows saving at once lose nothing. Threats D5, C24."""

import threading
import uuid

import pytest
import world
from pages import Page
from signing_in import browser_of

from msme_calls.extensions import db
from msme_calls.keys import known
from msme_calls.outbox import Email
from msme_calls.proposals.models import Proposal, ProposalVersion
from msme_calls.proposals.receipts import check


def at_once(app, person, post, n):
    """Call `post(browser, i)` from n threads at the same moment; gives their answers."""
    clients = [browser_of(app, person) for _ in range(n)]
    gate, answers = threading.Barrier(n), [None] * n

    def run(i):
        with app.app_context():
            gate.wait(timeout=30)
            answers[i] = post(clients[i], i)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    db.session.rollback()
    return answers


@pytest.mark.parametrize("keys", ["one", "many"])
def test_twenty_presses_at_once_make_one_version_and_one_receipt(app, call, applicant, keys):
    proposal = world.draft(call, by=applicant)
    db.session.commit()
    url = f"/en/proposals/{proposal.id}"
    token = token_of(app, applicant, f"{url}/check")
    one = str(uuid.uuid4())

    def post(client, i):
        key = one if keys == "one" else str(uuid.uuid4())
        client.set_cookie(app.config["SESSION_COOKIE_NAME"], token[1])
        return client.post(f"{url}/submit", data={"csrf_token": token[0], "key": key}).status_code

    assert at_once(app, applicant, post, 20) == [302] * 20
    [version] = db.session.scalars(db.select(ProposalVersion)).all()
    assert len(db.session.scalars(db.select(Email)).all()) == 1
    assert check(version.receipt.encode(), [k.public for k in known()]).valid
    assert len(known()) == 1, "the first key, made by twenty at once"
    her = browser_of(app, applicant)
    shown = {her.get(f"/en/proposals/{proposal.id}/versions/1/receipt.json").text for _ in range(2)}
    assert shown == {version.receipt}


def token_of(app, person, url):
    """A form’s token and the cookie that it belongs to."""
    client = browser_of(app, person)
    page = Page(client.get(url))
    token = page.all("input[@name='csrf_token']")[0].get("value")
    return token, client.get_cookie(app.config["SESSION_COOKIE_NAME"]).value


def test_start_pressed_at_once_in_several_windows_makes_one_draft(app, call, applicant):
    db.session.commit()
    url = f"/en/calls/{call.slug}/start"
    token = token_of(app, applicant, url)

    def post(client, i):
        client.set_cookie(app.config["SESSION_COOKIE_NAME"], token[1])
        return client.post(url, data={"csrf_token": token[0], "known": "0"}).location

    assert len(set(at_once(app, applicant, post, 8))) == 1
    assert len(db.session.scalars(db.select(Proposal)).all()) == 1


def test_of_windows_that_save_other_words_at_once_one_is_saved_and_the_others_are_shown_both(app, call, applicant):
    proposal = world.draft(call, by=applicant, contact_name="Before")
    db.session.commit()
    url = f"/en/proposals/{proposal.id}/sections/contact"
    token = token_of(app, applicant, url)

    def post(client, i):
        client.set_cookie(app.config["SESSION_COOKIE_NAME"], token[1])
        data = {"csrf_token": token[0], "section-version": "1", "contact_name": f"Window {i}"}
        data["contact_email"] = "a@example.org"
        page = Page(client.post(url, data=data))
        return page.status, page.text

    answers = at_once(app, applicant, post, 6)
    assert sorted(status for status, _ in answers) == [302] + [409] * 5
    won = next(i for i, (status, _) in enumerate(answers) if status == 302)
    assert all(f"Window {won}" in text for status, text in answers if status == 409)
    part = next(d for d in proposal.drafts if d.section.key == "contact")
    assert part.answers["contact_name"] == f"Window {won}"
