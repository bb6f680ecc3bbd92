"""An applicant starts, writes section by section, checks, submits, keeps the receipt, withdraws and restores."""

from datetime import timedelta

import world
from pages import Page, words
from statements import statements

from msme_calls import clock
from msme_calls.calls.models import Call
from msme_calls.extensions import db
from msme_calls.outbox import Email
from msme_calls.proposals import queries
from msme_calls.proposals.models import Proposal, ProposalVersion, Status
from msme_calls.questions import kind_of


def sent(section, given):
    """What a browser sends for answers to a section’s questions."""
    values = {}
    for q in section.questions:
        answer = given[q.key]
        if kind_of(q).control in ("table", "people"):
            values |= {f"{q.key}-{n}-{key}": cell for n, row in enumerate(answer) for key, cell in row.items()}
        elif q.kind != "file":
            values[q.key] = answer
    return values


def start(her, call):
    page = her.page(f"/en/calls/{call.slug}/start")
    return Page(her.submit(page.form(button="Start the proposal"))).response.location


def only_proposal():
    return db.session.scalars(db.select(Proposal)).one()


def test_the_whole_way_from_start_to_receipt(her, call, applicant):
    overview = her.page(start(her, call))
    assert overview.title == "Your proposal"
    assert "Draft" in overview.text and "fill in “Organisation (" not in overview.text
    given = world.answers(call, 1)
    url = overview.link("Continue writing")
    for section in call.sections:
        page = her.page(url)
        assert section.title["en"] in page.title
        form = page.form(button="Save and continue")
        answer = her.submit(form, **{k: v for k, v in sent(section, given).items()})
        assert answer.status_code == 302, Page(answer).text
        url = answer.location
    check = her.page(url)
    assert "Ready to submit" in check.text and "Nothing is missing" in check.text
    answer = her.submit(check.form(button="Submit proposal"))
    receipt = her.page(answer.location)
    version = db.session.scalars(db.select(ProposalVersion)).one()
    assert receipt.title == "We have your proposal"
    assert "It arrived on 24 February 2027, 17:52:08 in Geneva." in receipt.text
    assert "a…@example.org" in receipt.text and applicant.email not in receipt.text
    assert version.digest in words(receipt.one("code[@class='digest']")).replace(" ", "")
    mail = db.session.scalars(db.select(Email)).one()
    assert (mail.name, mail.address) == ("received", applicant.email)


def test_the_receipt_mail_says_the_instant_the_reference_and_the_fingerprint(her, call, applicant):
    from msme_calls import outbox

    applicant.language = "fr"
    proposal = world.proposal(call, by=applicant)
    version = db.session.scalars(db.select(ProposalVersion)).one()
    message = outbox.render(db.session.scalars(db.select(Email)).one())
    for part in (message.body, message.html):
        assert proposal.reference in part and version.digest in part and "17" in part
        assert f"/fr/proposals/{proposal.id}/versions/1" in part


def test_a_button_pressed_twice_starts_one_draft(her, call):
    form = her.page(f"/en/calls/{call.slug}/start").form(button="Start the proposal")
    first, second = her.submit(form).location, her.submit(form).location
    assert first == second
    assert only_proposal().status is Status.DRAFT


def test_who_has_a_draft_is_offered_it_and_may_begin_another(her, call, at):
    first = start(her, call)
    at(clock.tick() + timedelta(hours=1))
    page = her.page(f"/en/calls/{call.slug}/start")
    assert page.link("Continue your proposal") == first
    second = her.submit(page.form(button="Start another proposal")).location
    assert second != first
    assert her.submit(page.form(button="Start another proposal")).location == second


def test_a_call_that_is_not_open_says_why_and_starts_nothing(her):
    announced, closed, hidden = world.call("announced"), world.call("closed"), world.call("draft")
    page = her.page(f"/en/calls/{announced.slug}/start")
    assert "This call is not open yet." in page.text and not page.all("main//form")
    assert "The deadline has passed" in her.page(f"/en/calls/{closed.slug}/start").text
    her.page(f"/en/calls/{hidden.slug}/start", status=404)
    token = her.page("/en/my-work").form(action="sign-out").values["csrf_token"]
    answer = her.post(f"/en/calls/{closed.slug}/start", data={"csrf_token": token, "known": "0"})
    assert (answer.status_code, db.session.scalars(db.select(Proposal)).all()) == (403, [])


def test_what_is_typed_is_kept_right_or_wrong_and_the_errors_stand_at_the_fields(her, call):
    overview = start(her, call)
    page = her.page(f"{overview}/sections/project")
    given = sent(call.sections[2], world.answers(call, 1)) | {
        "title": "One two three four five six seven eight nine ten eleven twelve thirteen",
        "beneficiaries_number": "many",
        "summary": "",
    }
    answer = Page(her.submit(page.form(button="Save and continue"), **given))
    assert answer.status == 422
    summary = answer.one("div[@class='note bad']")
    assert [(a.get("href"), words(a)) for a in summary.iter("a")] == [
        ("#q-title", "Title of the project – Shorten the answer: it is 1 word too long."),
        ("#q-summary", "Summary – Answer this question: it is required."),
        (
            "#q-beneficiaries_number",
            "How many small businesses will it help within a year? – Write the number in figures, for example 85.",
        ),
    ]
    assert "What you wrote is saved." in words(summary)
    assert answer.one("input[@id='q-beneficiaries_number']").get("value") == "many"
    assert answer.one("input[@id='q-beneficiaries_number']").get("aria-invalid") == "true"
    again = her.page(f"{overview}/sections/project")
    assert again.one("input[@id='q-beneficiaries_number']").get("value") == "many"
    assert "3 to correct" in again.text
    assert only_proposal().title == given["title"]


def test_a_section_never_saved_shows_no_errors_and_offers_what_is_known(her, call):
    page = her.page(f"{start(her, call)}/sections/organisation")
    assert page.one("input[@id='q-organisation']").get("value") == "Example Weavers"
    assert not page.all("p[@class='error']") and not page.all("div[@class='note bad']")


def test_check_goes_there_whatever_is_missing_and_lists_it_with_links(her, call):
    overview = start(her, call)
    form = her.page(f"{overview}/sections/contact").form(button="Save and continue")
    answer = her.submit(form, ("go-to", "check"), contact_name="Example Person")
    assert answer.location.endswith("/check")
    page = her.page(answer.location)
    assert "You can’t submit yet" in page.text
    assert not [f for f in page.forms if f.action.endswith("/submit")]
    links = [a.get("href") for a in page.one("div[@class='note bad']").iter("a")]
    assert any(link.endswith("/sections/contact#q-contact_email") for link in links)
    assert not any("contact_name" in link for link in links)
    required = sum(q.required for s in call.sections for q in s.questions)
    assert len(links) == required - 1


def test_two_windows_show_both_texts_and_the_next_press_decides(her, call):
    """Threat D7."""
    overview = start(her, call)
    url = f"{overview}/sections/contact"
    one, two = her.page(url).form(button="Save and continue"), her.page(url).form(button="Save and continue")
    her.submit(one, contact_name="Written first", contact_email="a@example.org")
    clash = Page(her.submit(two, contact_name="Written second", contact_email="a@example.org"))
    assert clash.status == 409
    assert clash.one("input[@id='q-contact_name']").get("value") == "Written second"
    assert [words(e) for e in clash.all("div[@class='field']/div[@class='note warn']/p")] == [
        "Saved in the other window:", "Written first",
    ]  # fmt: skip
    assert only_proposal().drafts[0].answers["contact_name"] == "Written first"
    her.submit(clash.form(button="Save and continue"))
    assert only_proposal().drafts[0].answers["contact_name"] == "Written second"


def test_the_same_text_from_two_windows_is_no_clash(her, call):
    form = her.page(f"{start(her, call)}/sections/contact").form(button="Save and continue")
    values = {"contact_name": "Example Person", "contact_email": "a@example.org"}
    assert [her.submit(form, **values).status_code for _ in range(2)] == [302, 302]


def test_changes_after_submitting_count_only_once_they_are_submitted(her, call, applicant):
    proposal = world.proposal(call, by=applicant)
    url = f"/en/proposals/{proposal.id}"
    assert "Nothing has changed" in her.page(f"{url}/check").text
    form = her.page(f"{url}/sections/contact").form(button="Save and continue")
    her.submit(form, contact_name="Example New Name")
    page = her.page(url)
    assert "Your changes are not submitted yet" in page.text and "Version 1 counts" in page.text
    her.submit(her.page(f"{url}/check").form(button="Submit proposal again"))
    assert only_proposal().submitted_version == 2
    first, second = her.page(f"{url}/versions/1"), her.page(f"{url}/versions/2")
    assert (first.title, second.title) == ("Version 1 of your proposal", "We have your proposal")
    assert "Example New Name" in second.text and "Example New Name" not in first.text
    her.page(f"{url}/versions/3", status=404)


def test_withdrawing_asks_once_more_and_restoring_brings_the_version_back(her, call, applicant):
    proposal = world.proposal(call, by=applicant)
    url = f"/en/proposals/{proposal.id}"
    form = her.page(url).form(button="Withdraw it")
    her.submit(form)
    page = her.page(url)
    assert only_proposal().status is Status.WITHDRAWN
    assert "This proposal is withdrawn" in page.text
    assert her.submit(form).status_code == 403
    her.submit(page.form(button="Restore proposal"))
    assert only_proposal().status is Status.SUBMITTED
    assert [m.name for m in db.session.scalars(db.select(Email).order_by(Email.created_at, Email.name))] == [
        "received", "restored", "withdrawn",
    ]  # fmt: skip


def test_a_withdrawal_after_the_deadline_says_that_it_is_final(her, applicant):
    proposal = world.proposal(world.call("review"), by=applicant)
    page = her.page(f"/en/proposals/{proposal.id}")
    assert "In review" in page.text and "this can’t be undone" in page.text
    her.submit(page.form(button="Withdraw it"))
    page = her.page(f"/en/proposals/{proposal.id}")
    assert "a withdrawal is final" in page.text and not page.all("main//form")


def test_a_deadline_that_passes_while_the_form_is_open_keeps_what_was_typed(her, call, at):
    overview = start(her, call)
    form = her.page(f"{overview}/sections/project").form(button="Save and continue")
    at(call.deadline_at)
    text = "Words that must not be lost, whatever the clock says. " * 3
    page = Page(her.submit(form, project=text))
    assert page.status == 403
    assert "The deadline has passed" in page.text and text.strip() in page.text
    assert only_proposal().drafts == []


def test_a_call_cancelled_while_a_section_waits_to_be_saved_keeps_what_was_typed(her, call, monkeypatch):
    overview = start(her, call)
    form = her.page(f"{overview}/sections/project").form(button="Save and continue")
    waits, call_id = queries.load_to_change, call.id

    def waited(*whose):
        db.session.get_one(Call, call_id).cancelled_at = clock.now()
        db.session.commit()
        return waits(*whose)

    monkeypatch.setattr(queries, "load_to_change", waited)
    text = "Words that must not be lost, whatever others decide. " * 3
    page = Page(her.submit(form, project=text))
    assert page.status == 403 and "This call was cancelled" in page.text and text.strip() in page.text
    assert only_proposal().drafts == []


def test_a_receipt_says_that_later_changes_are_not_submitted(her, call, applicant):
    """The same button pressed once more, on a page from before them, gives the same receipt."""
    proposal = world.proposal(call, by=applicant)
    receipt = f"/en/proposals/{proposal.id}/receipt"
    assert "not submitted yet" not in her.page(receipt).text
    form = her.page(f"/en/proposals/{proposal.id}/sections/contact").form(button="Save and continue")
    her.submit(form, contact_name="Example New Name")
    page = her.page(receipt)
    assert "Your changes are not submitted yet" in page.text
    assert page.link("Check and submit again") == f"/en/proposals/{proposal.id}/check"


def test_a_deadline_that_moves_while_the_form_is_open_is_the_one_that_holds(her, call, at):
    """Threat D3."""
    overview = start(her, call)
    form = her.page(f"{overview}/sections/contact").form(button="Save and continue")
    former, call.deadline_at = call.deadline_at, call.deadline_at + timedelta(days=7)
    db.session.commit()
    at(former + timedelta(hours=1))
    answer = her.submit(form, contact_name="Example Person", contact_email="a@example.org")
    assert answer.status_code == 302
    assert "Time left: 6 days and 23 hours" in her.page(answer.location).text


def test_after_the_deadline_a_section_can_be_read_and_not_changed(her, applicant):
    proposal = world.draft(world.call("closed"), by=applicant)
    page = her.page(f"/en/proposals/{proposal.id}/sections/contact")
    assert "To read only" in page.text and not page.all("main//form")
    assert "This proposal was not submitted" in her.page(f"/en/proposals/{proposal.id}").text


def test_a_call_not_offered_in_her_language_says_so(her, applicant):
    call = world.call("open", languages=["fr"])
    proposal = world.draft(call, by=applicant)
    for path in (
        f"/en/calls/{call.slug}/start",
        *(f"/en/proposals/{proposal.id}{p}" for p in ("", "/check", "/sections/project")),
    ):
        assert "This call is not offered in English" in her.page(path).text, path


def test_her_words_carry_their_language(her, call, applicant):
    proposal = world.proposal(call, by=applicant, language="es")
    page = her.page(f"/en/proposals/{proposal.id}")
    assert page.one("h1/span").get("lang") == "es"
    form = her.page(f"/en/proposals/{proposal.id}/sections/project")
    assert form.one("textarea[@id='q-summary']").get("lang") == "es"


def test_pages_ask_the_database_as_often_for_many_answers_as_for_few(her, applicant):
    counts = {}
    for n in (3, 30):
        call = world.call("open")
        for section in call.sections:
            section.questions = section.questions[:1] if n == 3 else section.questions
        proposal = world.proposal(call, by=applicant)
        for number in range(2, n):
            db.session.add(
                ProposalVersion(
                    proposal_id=proposal.id,
                    number=number,
                    answers={},
                    files=[],
                    digest=f"{number:064}",
                    idempotency_key=f"k{number}",
                    submitted_at=clock.now(),
                )  # fmt: skip
            )
        db.session.commit()
        for path in ("", "/check", "/receipt", "/sections/contact"):
            with statements() as run:
                her.page(f"/en/proposals/{proposal.id}{path}")
            counts.setdefault(path, set()).add(len(run))
    assert {path: len(found) for path, found in counts.items()} == dict.fromkeys(counts, 1), counts


def test_the_decision_is_one_press_away_from_the_instant_of_the_result_on_and_not_before(her, applicant, at):
    call = world.call("deciding")
    proposal = world.proposal(call, by=applicant)
    call.sealed_at, call.seal_digest, call.result_at = clock.now(), "0" * 64, clock.now() + timedelta(hours=1)
    db.session.commit()
    before = her.page(f"/en/proposals/{proposal.id}")
    assert "Decision on 24 February" in before.text and "Read the decision" not in before.text
    at(call.result_at)
    after = her.page(f"/en/proposals/{proposal.id}")
    assert "Result published" in after.text
    assert after.link("Read the decision") == f"/en/proposals/{proposal.id}/outcome"


def test_a_question_in_other_words_is_asked_in_them_at_once(her, call):
    """Though each process keeps the forms that it has read."""
    address = f"{start(her, call)}/sections/project"
    call_id = call.id
    db.session.commit()
    assert "What is it called now?" not in her.page(address).text
    section = next(s for s in db.session.get_one(Call, call_id).sections if s.key == "project")
    section.questions[0].label = {"en": "What is it called now?"}
    db.session.commit()
    assert "What is it called now?" in her.page(address).text
