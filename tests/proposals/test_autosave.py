"""A section saved while it is written: only upon the version that it was written on, and nothing is overwritten.

Threats D7, D10, C24.
"""

import re
import statistics
import time
from datetime import timedelta

import pytest
import world
from mails import sent
from pages import Page
from proposals.test_once import at_once, token_of
from proposals.test_team import joined
from signing_in import browser_of, sign_in
from statements import statements
from werkzeug.datastructures import MultiDict

from msme_calls import clock
from msme_calls.extensions import db
from msme_calls.history import History
from msme_calls.proposals import actions, forms
from msme_calls.proposals.models import Proposal, TeamRole
from msme_calls.questions import KINDS


class Window:
    """A page of the applicant's with the script in it, as the server sees that."""

    def __init__(self, client, url):
        self.client, self.url = client, url
        page = Page(client.get(url))
        form = page.form(url)
        self.fields, self.token = form.values, form.values["csrf_token"]
        self.version = form.values["section-version"]

    def save(self, version=None, **changes):
        self.fields |= changes
        headers = {"Accept": "application/json", "If-Match": f'"{self.version if version is None else version}"'}
        return self.client.put(self.url, data=self.fields, headers=headers if version != "" else {})


@pytest.fixture
def proposal(app, call, applicant) -> Proposal:
    made = world.draft(call, by=applicant, contact_name="Before")
    db.session.commit()
    return made


@pytest.fixture
def url(proposal) -> str:
    return f"/en/proposals/{proposal.id}/sections/contact"


def kept(proposal, key="contact_name"):
    db.session.expire_all()
    return next(part.answers[key] for part in proposal.drafts if key in part.answers)


def test_what_is_typed_is_kept_and_the_answer_says_when_and_what_is_missing(her, proposal, url, at):
    window = Window(her, url)
    at((clock.now() + timedelta(days=1)).strftime("%Y-%m-%dT13:03:00Z"))
    answer = window.save(contact_name="After", contact_email="")
    assert (answer.status_code, answer.headers["ETag"]) == (200, f'"{int(window.version) + 1}"')
    assert answer.json == {
        "version": int(window.version) + 1, "said": "Saved at 14:03 (Geneva)", "missing": 1, "left": "1 to correct",
    }  # fmt: skip
    assert (kept(proposal), kept(proposal, "contact_email")) == ("After", "")
    assert len(answer.data) < 150
    again = window.save(version=answer.json["version"], contact_email="name@example.org")
    assert (again.json["missing"], again.json["left"]) == (0, "Complete")


def test_it_leaves_no_line_in_the_history_and_sends_nothing(her, proposal, url):
    before = db.session.query(History).count()
    assert Window(her, url).save(contact_name="After").status_code == 200
    assert db.session.query(History).count() == before
    assert sent() == []


def test_a_section_that_was_never_saved_begins_at_version_none(her, call, applicant):
    proposal = actions.start(call, by=applicant, at=clock.now())
    db.session.commit()
    window = Window(her, f"/en/proposals/{proposal.id}/sections/project")
    assert window.version == "0"
    assert window.save(title="A title").json["version"] == 1
    assert kept(proposal, "title") == "A title"
    db.session.refresh(proposal)
    assert proposal.title == "A title"


def test_of_two_devices_the_second_is_told_both_texts_and_overwrites_nothing(her, app, applicant, proposal, url):
    """Threat D7."""
    phone, desk = Window(browser_of(app, applicant), url), Window(her, url)
    assert phone.save(contact_name="From the phone").status_code == 200
    clash = desk.save(contact_name="From the desk")
    assert (clash.status_code, clash.headers["ETag"]) == (412, f'"{int(desk.version) + 1}"')
    assert clash.json["differ"] == {
        "contact_name": {
            "mine": "From the desk", "theirs": "From the phone", "controls": [["contact_name", "From the phone"]],
        }
    }  # fmt: skip
    assert kept(proposal) == "From the phone"
    assert desk.save(version=clash.json["version"], contact_name="From the desk").status_code == 200
    assert kept(proposal) == "From the desk"


def test_the_same_text_again_is_no_clash_for_its_first_answer_may_have_been_lost(her, proposal, url):
    window = Window(her, url)
    assert window.save(contact_name="Once").status_code == 200
    again = window.save()
    assert (again.status_code, kept(proposal)) == (200, "Once")


def test_without_a_version_nothing_is_kept(her, proposal, url):
    window = Window(her, url)
    for tag in ("", "*", "3", 'W/"3"', '"three"', '"²"', '"1", "2"', '""', '"' + "9" * 30 + '"'):
        headers = {"Accept": "application/json", **({"If-Match": tag} if tag else {})}
        answer = her.put(url, data={**window.fields, "contact_name": "Blind"}, headers=headers)
        assert (answer.status_code, kept(proposal)) == (428, "Before"), tag


def test_a_session_that_has_ended_is_told_so_and_may_go_on_with_a_new_token(her, app, applicant, proposal, url, at):
    """Threat D10."""
    window = Window(her, url)
    her.delete_cookie(app.config["SESSION_COOKIE_NAME"])
    answer = window.save(contact_name="Hours of work")
    assert (answer.status_code, answer.data, kept(proposal)) == (401, b"", "Before")
    sign_in(her, applicant)
    stale = window.save()
    assert (stale.status_code, stale.json["who"], kept(proposal)) == (400, str(applicant.id), "Before")
    window.fields["csrf_token"] = stale.json["token"]
    assert window.save().status_code == 200
    assert kept(proposal) == "Hours of work"


def test_a_page_of_elsewhere_can_save_nothing(her, proposal, url):
    window = Window(her, url)
    del window.fields["csrf_token"]
    assert window.save(contact_name="Forged").status_code == 400
    assert kept(proposal) == "Before"


def test_after_the_deadline_the_reason_is_told(her, proposal, url, at):
    window = Window(her, url)
    at(proposal.call.deadline_at + timedelta(hours=3))
    answer = window.save(contact_name="Late")
    assert (answer.status_code, kept(proposal)) == (403, "Before")
    assert answer.json == {"said": "The deadline has passed: proposals can no longer be written or changed."}


def test_nobody_else_saves_anything(app, proposal, url, her):
    window = Window(her, url)
    stranger = browser_of(app, world.person())
    token, cookie = token_of(app, world.person(), "/en/my-work")
    stranger.set_cookie(app.config["SESSION_COOKIE_NAME"], cookie)
    window.client, window.fields["csrf_token"] = stranger, token
    assert window.save(contact_name="Theirs").status_code == 404
    assert kept(proposal) == "Before"


def test_a_body_that_is_too_large_is_refused_and_nothing_changes(her, proposal, url):
    window = Window(her, url)
    assert window.save(contact_name="x" * 5_000_000).status_code == 413
    assert kept(proposal) == "Before"


def test_of_windows_that_save_at_once_one_wins_and_the_others_are_told(app, proposal, applicant, url):
    """Threat D7."""
    token, version = token_of(app, applicant, url), proposal.drafts[0].version
    db.session.commit()

    def put(client, i):
        client.set_cookie(app.config["SESSION_COOKIE_NAME"], token[1])
        body = {"csrf_token": token[0], "contact_name": f"Window {i}", "contact_email": "a@example.org"}
        answer = client.put(url, data=body, headers={"If-Match": f'"{version}"'})
        return answer.status_code, answer.json["version"]

    answers = at_once(app, applicant, put, 6)
    assert sorted(status for status, _ in answers) == [200] + [412] * 5
    won = [status for status, _ in answers].index(200)
    assert kept(proposal) == f"Window {won}"
    assert {told for _, told in answers} == {version + 1}


def test_saving_and_submitting_at_once_never_mixes(app, proposal, applicant, url):
    """What was submitted is one of the two texts, wholly, and the draft is the newer. Threat D7."""
    token, version, submit = token_of(app, applicant, url), proposal.drafts[0].version, f"{url[:-17]}/submit"
    db.session.commit()

    def act(client, i):
        client.set_cookie(app.config["SESSION_COOKIE_NAME"], token[1])
        if i:
            body = {"csrf_token": token[0], "contact_name": "After", "contact_email": "after@example.org"}
            return client.put(url, data=body, headers={"If-Match": f'"{version}"'}).status_code
        key = {"csrf_token": token[0], "key": "f3a7c2f0-0000-4000-8000-000000000001"}
        return client.post(submit, data=key).status_code

    assert at_once(app, applicant, act, 2) == [302, 200]
    db.session.expire_all()
    given = proposal.versions[0].answers
    assert (given["contact_name"], given["contact_email"]) in {
        ("Before", "contact@example.org"), ("After", "after@example.org"),
    }  # fmt: skip
    assert kept(proposal) == "After"


def test_who_may_only_read_is_told_so(app, proposal, url):
    reader = joined(proposal, TeamRole.VIEW)
    token, cookie = token_of(app, reader, "/en/my-work")
    browser = browser_of(app, reader)
    browser.set_cookie(app.config["SESSION_COOKIE_NAME"], cookie)
    body = {"csrf_token": token, "contact_name": "Hers"}
    answer = browser.put(url, data=body, headers={"Accept": "application/json", "If-Match": '"1"'})
    assert (answer.status_code, kept(proposal)) == (403, "Before")
    assert answer.json["said"]


def test_one_saving_takes_few_milliseconds_of_the_server(her, proposal, url):
    """Of its processor: what the disk and others on the machine add is measured by `./dev bench`."""
    window, took = Window(her, f"{url.removesuffix('contact')}project"), []
    version = int(window.version)
    for n in range(25):
        begun = time.thread_time()
        answer = window.save(version=version + n, project=f"words {n} " * 250)
        took.append(time.thread_time() - begun)
        assert answer.status_code == 200
    assert statistics.median(took) < 0.015


def test_statements_are_few_and_the_same_however_much_there_is(her, applicant, call, app):
    counts = []
    for more in (0, 6):
        for _ in range(more):
            world.draft(world.call("open"), by=applicant)
        proposal = world.draft(call, by=applicant)
        db.session.commit()
        window = Window(her, f"/en/proposals/{proposal.id}/sections/project")
        window.save(title="Warm")
        with statements() as run:
            answer = window.save(version=int(window.version) + 1, title=f"A title {more}", project="words " * 900)
        assert answer.status_code == 200
        counts.append(sum(not s.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")) for s in run))
    assert counts[0] == counts[1] <= 9, counts


def test_what_stands_in_a_field_sends_the_answer_that_it_was_drawn_from(app):
    """So the other window's answer can be put into a field of any kind."""
    call = world.call("open")
    for kind in set(KINDS) - {"file"}:
        question = next((q for q in call.questions if q.kind == kind), None)
        if question is None:
            question = next(q for q in call.questions if q.kind == "short-text")
            question.kind, question.options = kind, {"choices": CHOICES, "columns": CHOICES, "min_rows": 2}
        answer = KINDS[kind].read(question, MultiDict(forms.controls(question, world.answer_to(question, call, 7))))
        assert answer, kind
        assert KINDS[kind].read(question, MultiDict(forms.controls(question, answer))) == answer, kind
        assert forms.controls(question, KINDS[kind].read(question, MultiDict())) == [], kind


CHOICES = [{"key": key, "label": {"en": key}} for key in ("one", "two")]


def test_without_script_each_answer_of_the_other_window_can_be_taken(her, app, applicant, proposal, url):
    mine = her.page(url).form(url)
    other = Window(browser_of(app, applicant), url)
    assert other.save(contact_name="Theirs", contact_email="theirs@example.org").status_code == 200
    clash = her.submit(mine, contact_name="Mine", contact_email="mine@example.org")
    page = Page(clash)
    assert clash.status_code == 409
    boxes = page.all("input[@name='take-saved']")
    assert [box.get("value") for box in boxes] == ["contact_name", "contact_email"]
    done = her.submit(page.form(url), **{"take-saved": "contact_name"})
    assert done.status_code == 302
    assert (kept(proposal), kept(proposal, "contact_email")) == ("Theirs", "mine@example.org")


def test_a_page_whose_script_has_saved_sends_no_answers_again(her, proposal, url):
    window = Window(her, url)
    assert window.save(contact_name="By script").status_code == 200
    light = {"csrf_token": window.token, "section-version": "9", "kept-already": "1"}
    answer = her.post(url, data=light)
    assert answer.status_code == 302 and re.search("/sections/project$", answer.location)
    assert kept(proposal) == "By script"
