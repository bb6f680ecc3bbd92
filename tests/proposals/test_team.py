"""People apply together: asked by mail, each with a role; and a proposal is handed over to somebody who accepts."""

from datetime import timedelta

import mails
import pytest
import world
from pages import Page
from signing_in import browser_of

from msme_calls import clock, history
from msme_calls.accounts.models import Link, Person
from msme_calls.extensions import db
from msme_calls.proposals import actions, conflict_queries, queries, team
from msme_calls.proposals.models import Member, Proposal, Status, TeamInvitation, TeamRole
from msme_calls.proposals.team_rules import MOST

DAY = timedelta(days=1)


@pytest.fixture
def draft(call, applicant):
    made = world.draft(call, by=applicant)
    db.session.commit()
    return made


@pytest.fixture
def page(draft):
    return f"/en/proposals/{draft.id}/team"


def joined(proposal, role=TeamRole.EDIT, who=None):
    """Somebody who has been asked and has joined."""
    who = who or world.person()
    row = team.invite(proposal, who.email, "", role, "en", by=proposal.owner, at=clock.now())
    team.accept(row, at=clock.now())
    db.session.commit()
    mails.sent()
    return who


def invite(her, page, address, role="edit", **more):
    form = her.page(page).form(button="Send the invitation")
    return her.submit(form, address=address, role=role, **more)


def test_an_owner_whose_account_is_closed_gets_no_mail(app, draft, applicant):
    member = joined(draft)
    applicant.active = False
    team.leave(draft, by=member, at=clock.now())
    assert mails.sent() == []


def test_somebody_without_account_joins_by_the_link_and_writes(app, her, page, draft):
    assert invite(her, page, "Bo@Example.org", name="Bo").location == page
    assert "We asked" not in her.page(page).text and "No answer yet" in her.page(page).text
    (mail,) = mails.sent()
    assert mail.to == "bo@example.org" and "Example Applicant asks you to apply together" in mail.text
    bo = app.test_client()
    opened = bo.page(mail.path)
    assert "There is no account for this address yet" in opened.text and "May also write" in opened.text
    answer = bo.submit(opened.form(button="Join the team"), name="Bo Beispiel")
    assert answer.location == f"/en/proposals/{draft.id}"
    assert bo.page(answer.location).title == draft.title
    person = db.session.scalars(db.select(Person).filter_by(email="bo@example.org")).one()
    assert (person.name, draft.role_of(person)) == ("Bo Beispiel", TeamRole.EDIT)
    assert [(m.to, m.subject) for m in mails.sent()] == [("applicant@example.org", "Bo Beispiel has joined your team")]
    assert bo.page("/en/my-work").link(draft.title).endswith(str(draft.id))
    assert [row.verb for row in db.session.scalars(db.select(history.History).order_by(history.History.seq))][-3:] == [
        "invite-to-team", "create-account", "join-team",
    ]  # fmt: skip


def test_opening_the_link_decides_nothing_and_a_used_one_opens_nothing(app, her, page):
    invite(her, page, "bo@example.org")
    (mail,) = mails.sent()
    for _ in range(2):
        assert app.test_client().get(mail.path).status_code == 200
    assert db.session.scalars(db.select(Member)).all() == []
    bo = app.test_client()
    form = bo.page(mail.path).form(button="Join the team")
    bo.submit(form, name="Bo")
    other = app.test_client()
    assert other.page(mail.path, status=404).title == "This link no longer works"
    assert len(db.session.scalars(db.select(Member)).all()) == 1


def test_an_expired_or_taken_back_invitation_opens_nothing_and_can_be_sent_anew(app, her, page, at):
    invite(her, page, "bo@example.org")
    (mail,) = mails.sent()
    at(clock.now() + 31 * DAY)
    assert app.test_client().get(mail.path).status_code == 404


def test_a_taken_back_invitation_is_void_and_the_address_can_be_asked_again(app, her, page):
    invite(her, page, "bo@example.org")
    (first,) = mails.sent()
    her.submit(her.page(page).form(button="Take the invitation back"))
    assert "Taken back" in her.page(page).text
    assert app.test_client().get(first.path).status_code == 404
    invite(her, page, "bo@example.org", role="view")
    (second,) = mails.sent()
    assert app.test_client().get(first.path).status_code == 404
    assert "May read the whole proposal" in app.test_client().page(second.path).text


def test_sending_again_makes_a_new_link_and_ends_the_former(app, her, page):
    invite(her, page, "bo@example.org")
    (first,) = mails.sent()
    her.submit(her.page(page).form(button="Send again"))
    (second,) = mails.sent()
    assert app.test_client().get(first.path).status_code == 404
    assert app.test_client().get(second.path).status_code == 200


def test_declining_is_told_to_the_owner_and_ends_the_conflict(app, her, page, draft):
    bo = world.person("Bo", email="bo@example.org")
    invite(her, page, bo.email)
    (mail,) = mails.sent()
    client = app.test_client()
    answer = Page(client.submit(client.page(mail.path).form(button="Decline")))
    assert answer.title == "You have declined"
    assert "Declined" in her.page(page).text
    assert [m.subject for m in mails.sent()] == ["bo@example.org has declined to join"]
    assert draft.role_of(bo) is None
    assert db.session.scalars(db.select(Proposal.id).where(conflict_queries.in_conflict(bo))).all() == []


def test_the_invitation_is_bound_to_its_address(app, her, page, draft):
    invite(her, page, "bo@example.org")
    (mail,) = mails.sent()
    stranger = browser_of(app, world.person())
    opened = stranger.page(mail.path)
    assert "You are signed in with another address" in opened.text
    assert [f for f in opened.forms if f.action.endswith("/decline")] == []
    token = opened.forms[0].values["csrf_token"]
    assert stranger.post(mail.path, data={"csrf_token": token, "name": "Bo"}).status_code == 403
    assert stranger.post(f"{mail.path}/decline", data={"csrf_token": token}).status_code == 403
    assert draft.members == []


def test_inviting_says_the_same_whether_there_is_an_account(app, her, page):
    """Threat A9."""
    world.person("Secret Name", email="known@example.org")
    said = []
    for address in ("known@example.org", "nobody@example.org"):
        answer = invite(her, page, address)
        said.append((answer.status_code, answer.location, her.page(page).text.replace(address, "X")))
        her.submit(her.page(page).form(button="Take the invitation back"))
        db.session.execute(db.delete(TeamInvitation))
        db.session.commit()
    assert said[0] == said[1] and "Secret Name" not in said[0][2]


@pytest.mark.parametrize("role", [TeamRole.VIEW, TeamRole.EDIT, TeamRole.SUBMIT])
def test_each_role_may_do_what_it_says(app, draft, role):
    who = joined(draft, role)
    client = browser_of(app, who)
    url = f"/en/proposals/{draft.id}"
    token = client.page("/en/my-work").form(action="sign-out").values["csrf_token"]
    section = draft.call.sections[0].key

    def post(path, **data):
        return client.post(f"{url}{path}", data={"csrf_token": token, **data}).status_code

    writes, submits = role >= TeamRole.EDIT, role >= TeamRole.SUBMIT
    pages = [client.get(f"{url}{p}").status_code for p in ("", "/check", "/team", f"/sections/{section}")]
    assert pages == [200] * 4
    opened = client.page(f"{url}/sections/{section}")
    assert ("Save and continue" in opened.text) == writes
    if writes:
        assert client.submit(opened.form(button="Save and continue")).status_code == 302
    else:
        assert "In this proposal you can read everything" in opened.text and post(f"/sections/{section}") == 403
    assert ("Submit proposal" in [b.text for b in client.page(f"{url}/check").all("button")]) == submits
    world.proposing.save_section(draft, draft.call.sections[0], world.answers(draft.call), by=who, at=clock.now())
    db.session.commit()
    key = "0b7ab1cf-6e5e-4a63-a3a1-0b9ab0a9d3a1"
    assert post("/submit", key=key) == (302 if submits else 403)
    assert draft.status is (Status.SUBMITTED if submits else Status.DRAFT)
    if submits:
        assert post("/withdraw") == 302 and post("/restore") == 302
    assert [post("/team", address="x@example.org", role="view"), post(f"/team/{who.id}/role", role="submit"),
            post(f"/team/{who.id}/remove"), post(f"/team/{who.id}/offer")] == [403] * 4  # fmt: skip


def test_who_is_taken_off_or_leaves_finds_nothing_from_then_on(app, her, page, draft):
    removed, leaver = joined(draft), joined(draft, TeamRole.VIEW)
    form = her.page(page).form(action=f"{removed.id}/remove")
    her.submit(form)
    assert [(m.to, m.subject) for m in mails.sent()] == [(removed.email, "You are no longer on the team of a proposal")]
    client = browser_of(app, leaver)
    client.submit(client.page(page).form(button="Leave it"))
    assert [m.subject for m in mails.sent()] == [f"{leaver.name} has left your team"]
    for person in (removed, leaver):
        browser = browser_of(app, person)
        assert [browser.get(url).status_code for url in (page, f"/en/proposals/{draft.id}")] == [404, 404]
        assert browser.page("/en/my-work").all("main//h3/a") == []


def test_more_or_less_is_told_and_holds_at_once(app, her, page, draft):
    who = joined(draft, TeamRole.VIEW)
    her.submit(her.page(page).form(action=f"{who.id}/role"), role="submit")
    assert draft.role_of(who) is TeamRole.SUBMIT
    (mail,) = mails.sent()
    assert mail.to == who.email and "writes and submits" in mail.text


def test_a_proposal_is_handed_over_once_the_new_owner_accepts(app, her, page, draft, applicant):
    who, third = joined(draft, TeamRole.VIEW), joined(draft, TeamRole.EDIT)
    assert "hand it over first" in her.page(page).text
    her.submit(her.page(page).form(action=f"{who.id}/offer"))
    assert draft.owner_id == applicant.id
    (mail,) = mails.sent()
    assert mail.to == who.email and mail.path == page
    assert "hand this proposal over to you" not in browser_of(app, third).page(page).text
    client = browser_of(app, who)
    client.submit(client.page(page).form(button="Take the proposal over"))
    assert (draft.owner_id, draft.role_of(applicant), draft.offered_to_id) == (who.id, TeamRole.SUBMIT, None)
    assert [(m.to, m.subject) for m in mails.sent()] == sorted(
        [(who.email, "The proposal is yours now"), (applicant.email, "You have handed a proposal over")]
    )
    her.submit(her.page(page).form(button="Leave it"))
    assert her.get(page).status_code == 404


def test_an_offer_can_be_refused_or_taken_back_and_nobody_else_can_take_it(app, her, page, draft, applicant):
    who, third = joined(draft), joined(draft)
    her.submit(her.page(page).form(action=f"{who.id}/offer"))
    mails.sent()
    other = browser_of(app, third)
    token = other.page(page).forms[0].values["csrf_token"]
    assert other.post(f"{page}/take-over", data={"csrf_token": token}).status_code == 403
    assert other.post(f"{page}/keep", data={"csrf_token": token}).status_code == 403
    client = browser_of(app, who)
    client.submit(client.page(page).form(button="No, leave it as it is"))
    assert [(m.to, m.subject) for m in mails.sent()] == [(applicant.email, "Your proposal stays yours")]
    her.submit(her.page(page).form(action=f"{who.id}/offer"))
    her.submit(her.page(page).form(button="Take the offer back"))
    assert mails.sent() == []  # the offer was taken back before its mail could go
    assert (draft.owner_id, draft.offered_to_id) == (applicant.id, None)


def test_an_address_cannot_be_asked_twice_nor_a_member_again(her, page, draft):
    who = joined(draft)
    invite(her, page, "bo@example.org")
    said = [Page(invite(her, page, address)).text for address in ("bo@example.org", who.email)]
    assert "This address is invited already." in said[0] and "is on the team already" in said[1]


def test_a_team_has_a_limit(her, page, draft):
    for _ in range(MOST - 1):
        db.session.add(Member(proposal_id=draft.id, person_id=world.person().id, role=TeamRole.VIEW, since=clock.now()))
    db.session.commit()
    assert f"at most {MOST} people" in Page(invite(her, page, "bo@example.org")).text


def test_five_mails_to_an_address_in_an_hour_are_enough(her, page):
    """Threat A14: no machine for sending mails to others."""
    invite(her, page, "bo@example.org")
    for _ in range(4):
        her.submit(her.page(page).form(button="Send again"))
    answer = her.submit(her.page(page).form(button="Send again"))
    assert answer.status_code == 429


def test_after_the_deadline_the_team_stays_but_for_those_who_leave(app, her, page, draft, call, at):
    who = joined(draft)
    invite(her, page, "bo@example.org")
    (mail,) = mails.sent()
    at(call.deadline_at)
    assert "From the deadline to the result the team stays" in her.page(page).text
    bo = app.test_client()
    opened = bo.page(mail.path)
    assert "You can’t join now" in opened.text
    assert [f.action for f in opened.forms if f.action == mail.path] == []
    client = browser_of(app, who)
    client.submit(client.page(page).form(button="Leave it"))
    assert draft.role_of(who) is None


def test_everybody_on_the_team_hears_of_it_and_who_submits_of_the_receipt(draft, call, applicant):
    reader, writer, sender = (joined(draft, role) for role in (TeamRole.VIEW, TeamRole.EDIT, TeamRole.SUBMIT))
    actions.submit(draft, "key-1", by=sender, at=clock.now())
    assert {m.to for m in mails.sent()} == {applicant.email, sender.email}
    actions.withdraw(draft, by=applicant, at=clock.now())
    assert {m.to for m in mails.sent()} == {applicant.email, sender.email}
    assert reader.email and writer.email


def test_who_joins_a_team_of_a_call_judges_nobody_there(call, draft):
    theirs = world.proposal(call)
    reviewer = world.reviewer(call)
    db.session.commit()
    seen = set(db.session.scalars(queries.visible_ids(reviewer, call)))
    joined(draft, TeamRole.VIEW, who=reviewer)
    after = set(db.session.scalars(queries.visible_ids(reviewer, call)))
    assert (seen, after) == ({theirs.id}, set())
    team.leave(draft, by=reviewer, at=clock.now())
    assert set(db.session.scalars(queries.visible_ids(reviewer, call))) == {theirs.id}


def test_asking_a_reviewer_to_join_hides_that_one_proposal_only(call, draft):
    """Nobody rids a call of its reviewers by inviting them."""
    theirs, reviewer = world.proposal(call), world.reviewer(call)
    actions.submit(draft, "key-1", by=draft.owner, at=clock.now())
    team.invite(draft, reviewer.email, "", TeamRole.VIEW, "en", by=draft.owner, at=clock.now())
    db.session.flush()
    assert set(db.session.scalars(queries.visible_ids(reviewer, call))) == {theirs.id}
    assert db.session.scalars(db.select(Link)).all() == []


def test_the_page_takes_the_same_statements_for_four_and_for_fourteen_people(her, page, draft):
    from statements import statements

    counts = []
    for more in (2, 5):
        for _ in range(more):
            joined(draft)
            team.invite(draft, world.person().email, "", TeamRole.VIEW, "en", by=draft.owner, at=clock.now())
        db.session.commit()
        her.page(page)
        with statements() as asked:
            her.page(page)
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_a_reader_is_told_what_she_can_do_and_finds_no_button_for_more(app, draft):
    page = browser_of(app, joined(draft, TeamRole.VIEW)).page(f"/en/proposals/{draft.id}")
    assert "In this proposal you can read everything and change nothing." in page.text
    assert page.link("Read the proposal") and "Continue writing" not in page.text


def test_a_reason_for_withdrawing_is_in_the_history_if_she_gives_one(her, draft):
    actions.submit(draft, "key-1", by=draft.owner, at=clock.now())
    form = her.page(f"/en/proposals/{draft.id}").form(button="Withdraw it")
    her.submit(form, reason="Example partner left")
    last = db.session.scalars(db.select(history.History).order_by(history.History.seq.desc()).limit(1)).one()
    assert (last.verb, last.said["details"]) == ("withdraw-because", {"reason": "Example partner left"})
    her.submit(her.page(f"/en/proposals/{draft.id}").form(button="Restore proposal"))
    assert draft.status is Status.SUBMITTED


def test_two_who_press_submit_at_once_make_one_version(app, draft, applicant):
    sender = joined(draft, TeamRole.SUBMIT)
    browsers = [browser_of(app, who) for who in (applicant, sender)]
    forms = [b.page(f"/en/proposals/{draft.id}/check").form(button="Submit proposal") for b in browsers]
    answers = [b.submit(form) for b, form in zip(browsers, forms, strict=True)]
    assert [a.location for a in answers] == [f"/en/proposals/{draft.id}/receipt"] * 2
    assert [v.number for v in draft.versions] == [1]


def test_two_who_write_the_same_section_both_see_both_texts(app, her, draft):
    him = browser_of(app, joined(draft))
    question = next(q for q in draft.call.questions if q.kind == "long-text")
    url, key = f"/en/proposals/{draft.id}/sections/{question.section.key}", question.key
    theirs, mine = him.page(url), her.page(url)
    assert her.submit(mine.form(button="Save and continue"), **{key: "Hers first"}).status_code in (302, 422)
    clash = Page(him.submit(theirs.form(button="Save and continue"), **{key: "Mine second"}))
    assert clash.status == 409 and "Hers first" in clash.text
    assert clash.form(button="Save and continue").values[key] == "Mine second"


def test_the_outcome_goes_to_everybody_on_the_team(app):
    call = world.call("deciding")
    proposal = world.proposal(call)
    reader, former = world.person(), world.person()
    for who, left in ((reader, None), (former, clock.now())):
        row = Member(proposal_id=proposal.id, person_id=who.id, role=TeamRole.VIEW, since=call.opens_at, left_at=left)
        db.session.add(row)
    db.session.commit()
    assert team.concerned(proposal, TeamRole.VIEW) == [proposal.owner, reader]


def test_authors_change_their_order_by_a_number_without_a_script(app):
    from werkzeug.datastructures import MultiDict

    from msme_calls.questions import KINDS

    call = world.call("open", kind="rta-papers")
    question = next(q for q in call.questions if q.kind == "people")

    def order(*places):
        rows = [(f"{question.key}-{n}-{k}", v) for n, name in enumerate("ABCD")
                for k, v in (("name", name), ("place", places[n]))]  # fmt: skip
        return "".join(row["name"] for row in KINDS["people"].read(question, MultiDict(rows)))

    assert order("1", "2", "3", "4") == order("", "x", "", "9999999") == "ABCD"
    assert (order("1", "2", "3", "1"), order("4", "2", "3", "4"), order("1", "3", "3", "4")) == (
        "DABC", "BCDA", "ACBD",
    )  # fmt: skip
    who = world.person()
    draft = world.draft(call, by=who)
    page = browser_of(app, who).page(f"/en/proposals/{draft.id}/sections/{question.section.key}")
    assert page.form(button="Save and continue").values[f"{question.key}-0-place"] == "1"
