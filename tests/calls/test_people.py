"""People are invited by mail, answer by a button, and lose a role at once."""

import threading

import mails
import pytest
import sqlalchemy as sa
import world
from pages import Page
from signing_in import browser_of, sign_in

from msme_calls import clock
from msme_calls.accounts.models import Person
from msme_calls.calls.actions import people
from msme_calls.calls.models import Invitation, Membership, Role
from msme_calls.errors import Refused
from msme_calls.extensions import db, lock


@pytest.fixture
def call(by):
    return world.call("review", by=by)


@pytest.fixture
def path(call, by):
    """Of the link in the mail to a new reviewer."""
    people.invite(call, Role.REVIEWER, "New@Example.org", "Example Reviewer", "en", by=by, at=clock.now())
    (mail,) = mails.sent()
    return mail.path


def roles(call, address):
    held = sa.select(Membership.role).join(Person).where(Membership.call_id == call.id, Person.email == address)
    return set(db.session.scalars(held))


def answer(client, path, **values):
    form = client.page(path).form(button="Accept the invitation")
    given = {"organisation": "Example Institute", "economies-0-code": "KE", "languages": ["en", "es"],
             "most_reviews": "7"}  # fmt: skip
    return client.submit(form, **{**given, **values})


# Inviting


@pytest.mark.parametrize("lang", ["en", "fr", "es"])
def test_an_invitation_is_a_mail_in_its_readers_language(desk, call, lang):
    form = desk.page(f"/en/desk/{call.slug}/people/invite").form(button="Send the invitation")
    sent = desk.submit(form, address=" New@Example.org ", name="Example Reviewer", language=lang, role="reviewer")
    assert sent.status_code == 302
    (mail,) = mails.sent()
    assert mail.to == "new@example.org"
    assert mail.headers["Content-Language"] == lang
    assert mail.path.startswith(f"/{lang}/invitations/")
    assert call.title[lang] in mail.text and "Example Coordinator" in mail.text
    row = db.session.scalars(sa.select(Invitation)).one()
    assert (row.role, row.name, row.accepted_at) == (Role.REVIEWER, "Example Reviewer", None)
    assert db.session.scalar(sa.select(Person).filter_by(email="new@example.org")) is None, (
        "no account before the answer"
    )


def test_somebody_who_has_the_role_is_not_invited_to_it(desk, call):
    there = world.member(call, Role.REVIEWER)
    form = desk.page(f"/en/desk/{call.slug}/people/invite").form(button="Send the invitation")
    page = Page(desk.submit(form, address=there.email, name="Example", role="reviewer"))
    assert "This person has this role already." in page.text
    assert desk.submit(form, address=there.email, name="Example", role="chair").status_code == 302


@pytest.mark.parametrize("values", [{"address": "x"}, {"address": "a@b.org\nBcc: c@d.org"}, {"name": ""},
                                    {"name": "See www.example.org"}, {"role": "administrator"},
                                    {"role": ""}])  # fmt: skip
def test_what_can_not_be_invited_is_refused_beside_the_field(desk, call, values):
    form = desk.page(f"/en/desk/{call.slug}/people/invite").form(button="Send the invitation")
    given = {"address": "new@example.org", "name": "Example", "role": "reviewer", **values}
    page = Page(desk.submit(form, **given))
    assert page.status == 422 and "There is one thing to correct" in page.text
    assert not db.session.scalars(sa.select(Invitation)).all()


def test_a_list_of_reviewers_keeps_the_lines_that_can_not_be_used(desk, call):
    there = world.member(call, Role.REVIEWER)
    text = "\n".join([
        "one@example.org, Example One, fr",
        'two@example.org; "Example Two, Ltd"; es',
        "three@example.org\tExample Three",
        "",
        "broken, Example Four, en",
        "five@example.org, , en",
        "six@example.org, Example Six, de",
        "ONE@example.org, Example One again, fr",
        f"{there.email}, Example Seven",
    ])  # fmt: skip
    form = desk.page(f"/en/desk/{call.slug}/people/invite-reviewers").form(button="Send the invitations")
    page = Page(desk.submit(form, people=text, default="en"))
    sent = {(i.address, i.name, i.language) for i in db.session.scalars(sa.select(Invitation))}
    assert sent == {("one@example.org", "Example One", "fr"), ("two@example.org", "Example Two, Ltd", "es"),
                    ("three@example.org", "Example Three", "en")}  # fmt: skip
    assert page.status == 422
    kept = page.form(button="Send the invitations").values["people"].splitlines()
    assert kept == text.splitlines()[4:]
    for reason in ("Enter an address like", "Enter your name", "Write the language as en, fr or es",
                   "stands in the list twice", "has this role already", "3 invitations are on their way"):  # fmt: skip
        assert reason in page.text
    assert len(mails.sent()) == 3


def test_a_list_sent_twice_invites_nobody_twice(desk, call):
    form = desk.page(f"/en/desk/{call.slug}/people/invite-reviewers").form(button="Send the invitations")
    desk.submit(form, people="one@example.org, Example One")
    page = Page(desk.submit(form, people="one@example.org, Example One"))
    assert "This person is invited already" in page.text
    assert len(mails.sent()) == 1


# Answering


def test_opening_the_link_changes_nothing_and_says_who_invites_to_what(client, call, path):
    page = client.page(path)
    client.head(path)
    assert client.page(path).status == 200
    assert "You are invited as reviewer" in page.text
    assert "Example Coordinator" in page.text and call.title["en"] in page.text
    assert page.response.headers["Referrer-Policy"] == "no-referrer"
    assert roles(call, "new@example.org") == set()


def test_accepting_makes_the_account_and_the_role_and_signs_in(client, call, path):
    sent = answer(client, path)
    assert (sent.status_code, sent.location) == (302, "/en/my-work")
    person = db.session.scalars(sa.select(Person).filter_by(email="new@example.org")).one()
    assert (person.name, person.organisation, person.economy_codes) == (
        "Example Reviewer", "Example Institute", frozenset({"KE"})
    )  # fmt: skip
    member = db.session.scalars(sa.select(Membership).filter_by(person_id=person.id)).one()
    assert (member.role, member.languages, member.most_reviews) == (Role.REVIEWER, ["en", "es"], 7)
    assert f"You are in: {call.title['en']}." in client.page("/en/my-work").text


def test_an_account_that_is_there_takes_the_role_and_keeps_its_name(client, call, path):
    there = world.person(email="new@example.org", name="Example Own Name", economies=("FR", "CH"))
    db.session.commit()
    form = client.page(path).form(button="Accept the invitation")
    assert {form.values["economies-0-code"], form.values["economies-1-code"]} == {"FR", "CH"}
    assert answer(client, path, **{"economies-1-code": ""}).status_code == 302
    assert (there.name, there.economy_codes) == ("Example Own Name", frozenset({"KE"}))
    assert roles(call, "new@example.org") == {Role.REVIEWER}


def test_a_reviewer_reads_at_least_one_language(client, call, path):
    page = Page(answer(client, path, languages=None))
    assert page.status == 422 and "Choose at least one language that you read." in page.text
    assert page.form(button="Accept the invitation").values["organisation"] == "Example Institute"
    assert roles(call, "new@example.org") == set()


def test_a_coordinator_is_not_asked_what_only_reviewers_are(client, call, by):
    people.invite(call, Role.COORDINATOR, "co@example.org", "Example Co", "en", by=by, at=clock.now())
    form = client.page(mails.sent()[0].path).form(button="Accept the invitation")
    assert "most_reviews" not in form.values
    assert client.submit(form).location == f"/en/desk/{call.slug}"
    assert roles(call, "co@example.org") == {Role.COORDINATOR}
    assert client.page(f"/en/desk/{call.slug}/people").status == 200


def test_a_used_link_is_like_one_that_never_was(client, call, path):
    answer(client, path)
    other = client.application.test_client()
    used, absent = Page(other.get(path)), Page(other.get("/en/invitations/" + "x" * 43))
    assert (used.status, used.text) == (absent.status, absent.text)
    assert used.status == 404 and "This link no longer works" in used.text
    assert used.link("Sign in") or used.all("a")
    assert other.post(path, data={"languages": "en"}).status_code in (400, 404)


def test_an_invitation_taken_back_opens_nothing(client, desk, call, path):
    """Threat A20."""
    page = desk.page(f"/en/desk/{call.slug}/people")
    other = desk.application.test_client()
    form = other.page(path).form(button="Accept the invitation")
    assert desk.submit(page.form(action="/revoke")).status_code == 302
    assert other.submit(form, languages=["en"]).status_code == 404
    assert other.get(path).status_code == 404
    assert roles(call, "new@example.org") == set()


def test_declining_keeps_the_reason_and_can_be_followed_by_a_new_invitation(client, desk, call, by, path):
    other = desk.application.test_client()
    form = other.page(path).form(button="Decline")
    page = Page(other.submit(form, reason="I am away until May."))
    assert "You have declined" in page.text
    assert "“I am away until May.”" in desk.page(f"/en/desk/{call.slug}/people").text
    assert other.get(path).status_code == 404
    people.invite(call, Role.REVIEWER, "new@example.org", "Example Reviewer", "en", by=by, at=clock.now())
    assert answer(other, mails.sent()[0].path).status_code == 302
    assert roles(call, "new@example.org") == {Role.REVIEWER}


def test_another_account_than_the_one_invited_is_refused_in_words(client, call, path):
    """Threat A20."""
    other = world.person(email="other@example.org")
    sign_in(client, other)
    page = client.page(path)
    assert "sent to another address than that of the account you are signed in with" in page.text
    assert not [f for f in page.forms if "/invitations/" in f.action]
    token = page.form(button="Sign out").values["csrf_token"] if page.all("main//form") else ""
    for url in (path, f"{path}/decline"):
        refused = client.post(url, data={"csrf_token": token, "languages": "en", "reason": "x"})
        assert refused.status_code == 403
    row = db.session.scalars(sa.select(Invitation)).one()
    assert (row.accepted_at, row.declined_at) == (None, None)
    assert roles(call, "other@example.org") == set()
    mine = browser_of(client.application, world.person(email="new@example.org"))
    assert answer(mine, path).status_code == 302, "the refusal didn't use the link up"


def test_a_link_for_something_else_opens_no_invitation(client, call, path):
    token = path.rpartition("/")[2]
    for purpose in ("confirm", "sign-in", "reset", "administrator"):
        assert client.get(f"/en/links/{purpose}/{token}").status_code == 404
    assert client.get(f"/en/invitations/{token[:-1]}x").status_code == 404


def test_an_old_link_is_void(client, call, path, at):
    at("2027-03-26T16:52:07Z")
    assert client.get(path).status_code == 200
    at("2027-03-26T16:52:08Z")
    assert client.get(path).status_code == 404


def test_sent_again_it_has_a_new_link_and_either_takes_the_role_once(client, desk, call, path):
    desk.submit(desk.page(f"/en/desk/{call.slug}/people").form(action="/resend"))
    (mail,) = mails.sent()
    assert mail.path != path
    other = desk.application.test_client()
    assert answer(other, path).status_code == 302
    assert desk.application.test_client().get(mail.path).status_code == 404


def test_of_two_at_once_one_takes_the_role(make_app, call, by, path):
    second = people.invite(call, Role.CHAIR, "new@example.org", "Example Reviewer", "en", by=by, at=clock.now())
    assert second.role is Role.CHAIR
    db.session.commit()
    app = make_app()
    browsers = [app.test_client() for _ in range(4)]
    with app.app_context():
        forms = [b.page(path).form(button="Accept the invitation") for b in browsers]
    start, codes = threading.Barrier(4), []

    def press(browser, form):
        start.wait()
        with app.app_context():
            codes.append(browser.submit(form, organisation="Example", languages=["en"]).status_code)

    threads = [threading.Thread(target=press, args=pair) for pair in zip(browsers, forms, strict=True)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert sorted(codes) == [302, 404, 404, 404]
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Person).filter_by(email="new@example.org")) == 1
    assert roles(call, "new@example.org") == {Role.REVIEWER}


def test_a_mail_waiting_when_the_invitation_is_taken_back_is_not_sent(call, by):
    row = people.invite(call, Role.REVIEWER, "new@example.org", "Example", "en", by=by, at=clock.now())
    people.revoke(row, by=by, at=clock.now())
    assert mails.sent() == []


def test_a_closed_account_answers_no_invitation(client, call, path):
    world.person(email="new@example.org", active=False)
    assert client.get(path).status_code == 404


# Removing


def test_a_role_that_is_taken_away_ends_at_once(desk, call):
    member = world.member(call, Role.COORDINATOR)
    other = browser_of(desk.application, member)
    assert other.page(f"/en/desk/{call.slug}").status == 200
    row = db.session.scalars(sa.select(Membership).filter_by(person_id=member.id)).one()
    page = desk.page(f"/en/desk/{call.slug}/people")
    assert desk.submit(page.form(action=f"{row.id}/remove")).status_code == 302
    assert other.get(f"/en/desk/{call.slug}").status_code == 404
    assert other.page("/en/my-work").status == 200, "she stays signed in"


def test_the_last_coordinator_stays(desk, call, by):
    page = desk.page(f"/en/desk/{call.slug}/people")
    assert "The last coordinator can’t be removed" in page.text
    row = db.session.scalars(sa.select(Membership).filter_by(person_id=by.id, call_id=call.id)).one()
    token = page.form(action="/sign-out").values["csrf_token"]
    assert desk.post(f"/en/desk/{call.slug}/people/{row.id}/remove", data={"csrf_token": token}).status_code == 403
    with pytest.raises(Refused):
        people.remove(row, by=by, at=clock.now())


def test_members_and_invitations_of_another_call_are_absent(desk, call, by):
    other = world.call("review")
    row = people.invite(other, Role.REVIEWER, "new@example.org", "Example", "en", by=by, at=clock.now())
    member = db.session.scalars(sa.select(Membership).filter_by(call_id=other.id)).one()
    token = desk.page(f"/en/desk/{call.slug}/people").form(action="/sign-out").values["csrf_token"]
    for path in (f"invitations/{row.id}/revoke", f"{member.id}/remove"):
        assert desk.post(f"/en/desk/{call.slug}/people/{path}", data={"csrf_token": token}).status_code == 404


@pytest.mark.parametrize("role", [Role.ASSISTANT, Role.CHAIR, Role.OBSERVER, Role.REVIEWER])
def test_only_coordinators_see_the_people(client, call, role):
    sign_in(client, world.member(call, role))
    assert client.get(f"/en/desk/{call.slug}/people").status_code == 404


def test_a_role_that_ends_while_a_request_waits_its_turn_does_nothing_any_more(app, make_app):
    call = world.call("closed")
    who = world.member(call, Role.COORDINATOR)
    browser = browser_of(make_app(), who)
    form = browser.page(f"/en/desk/{call.slug}").form(button="Start the review")
    lock(call)
    db.session.execute(sa.delete(Membership).where(Membership.person_id == who.id))
    answers = []

    def press():
        with browser.application.app_context():
            answers.append(browser.submit(form).status_code)

    waiting = threading.Thread(target=press)
    waiting.start()
    waiting.join(1)  # it is at the door, or waits for the call
    db.session.commit()
    waiting.join(30)
    db.session.expire_all()
    assert (answers, call.review_started_at) == ([404], None)
