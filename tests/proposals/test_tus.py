"""Files in chunks by the tus protocol 1.0.0, header by header: what is acknowledged is kept, what is refused says why.

Threats C2, A13; the checks are those of any file.
"""

import base64
import hashlib
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa
import world
from proposals.sending import TYPE, Tus, described, pdf
from signing_in import browser_of
from statements import statements

from msme_calls import clock, reading, uploads
from msme_calls.calls.models import Blindness
from msme_calls.extensions import db
from msme_calls.proposals import actions, incoming
from msme_calls.proposals.incoming import IncomingChunk, IncomingUpload
from msme_calls.proposals.models import Attachment, Member, TeamRole


@pytest.fixture
def draft(call, applicant):
    made = actions.start(call, by=applicant, at=clock.now())
    db.session.commit()
    return made


@pytest.fixture
def tus(her, draft):
    return Tus(her, draft.id)


def attached(draft):
    rows = sa.select(Attachment).filter_by(proposal_id=draft.id, removed_at=None).order_by(Attachment.name)
    return [(a.name, world.content(a.sha256)) for a in db.session.scalars(rows)]


def chunks():
    return db.session.scalar(sa.select(sa.func.count()).select_from(IncomingChunk))


def checksum(body, name="sha1"):
    return f"{name} {base64.b64encode(hashlib.new(name, body).digest()).decode()}"


def test_what_the_server_can_do_is_told(tus):
    answer = tus.ask("OPTIONS", Tus_Resumable=None)
    assert answer.status_code == 204
    assert answer.headers["Tus-Resumable"] == answer.headers["Tus-Version"] == "1.0.0"
    assert answer.headers["Tus-Extension"] == "creation,creation-with-upload,checksum,expiration,termination"
    assert answer.headers["Tus-Checksum-Algorithm"] == "sha1,sha256"
    assert answer.headers["Tus-Max-Size"] == "5000000"


def test_a_file_comes_in_chunks_and_is_attached_as_it_was(tus, draft):
    content = pdf(100_000)
    begun = tus.begin(len(content))
    assert begun.status_code == 201
    assert begun.headers["Tus-Resumable"] == "1.0.0"
    assert (begun.headers["Upload-Offset"], begun.headers["Upload-Length"]) == ("0", str(len(content)))
    assert begun.headers["Upload-Expires"] == "Thu, 25 Feb 2027 16:52:08 GMT"
    url = begun.headers["Location"]
    for start in range(0, len(content), 32_768):
        answer = tus.chunk(url, start, content[start : start + 32_768])
        assert (answer.status_code, answer.data) == (204, b"")
        assert answer.headers["Upload-Offset"] == str(min(start + 32_768, len(content)))
        assert answer.headers["Tus-Resumable"] == "1.0.0"
    assert answer.headers["Upload-Outcome"] == "attached"
    assert attached(draft) == [("plan.pdf", content)]
    assert chunks() == 0
    head = tus.ask("HEAD", url)  # whoever missed the last answer
    assert (head.headers["Upload-Offset"], head.headers["Upload-Outcome"]) == (str(len(content)), "attached")


def test_how_far_it_got_is_told_and_kept_by_nobody_on_the_way(tus):
    content = pdf(50_000)
    url = tus.begun(len(content), "Plan d’été.pdf")
    tus.chunk(url, 0, content[:1000])
    head = tus.ask("HEAD", url)
    assert (head.status_code, head.headers["Cache-Control"]) == (200, "no-store")
    assert (head.headers["Upload-Offset"], head.headers["Upload-Length"]) == ("1000", str(len(content)))
    assert head.headers["Upload-Metadata"] == described(filename="Plan d’été.pdf", question="document")
    assert head.headers["Upload-Outcome"] == "sending"
    told = tus.ask("GET", f"{url}/outcome").json
    assert (told["outcome"], told["received"]) == ("sending", 1000)
    assert told["sha256"] == hashlib.sha256(content[:1000]).hexdigest()


def test_the_first_chunk_may_come_along(tus, draft):
    content = pdf(20_000)
    answer = tus.begin(len(content), body=content[:5000], Content_Type=TYPE)
    assert (answer.status_code, answer.headers["Upload-Offset"]) == (201, "5000")
    answer = tus.chunk(answer.headers["Location"], 5000, content[5000:])
    assert (answer.status_code, attached(draft)) == (204, [("plan.pdf", content)])


def test_a_small_file_comes_whole_with_its_creation(tus, draft):
    content = pdf()
    answer = tus.begin(len(content), body=content, Content_Type=TYPE)
    assert (answer.status_code, answer.headers["Upload-Outcome"]) == (201, "attached")
    assert attached(draft) == [("plan.pdf", content)]


def test_a_whole_file_in_one_chunk_is_kept_in_rows_of_a_bounded_size(tus, draft, monkeypatch):
    content = pdf(700_000)
    url = tus.begun(len(content))
    lengths = []
    check = incoming.check

    def look(*given):
        lengths.extend(db.session.scalars(sa.select(sa.func.length(IncomingChunk.content))))
        return check(*given)

    monkeypatch.setattr(incoming, "check", look)
    assert tus.chunk(url, 0, content).status_code == 204
    assert sorted(lengths, reverse=True)[:2] == [262_144, 262_144] and sum(lengths) == len(content)
    assert attached(draft) == [("plan.pdf", content)]


def test_a_client_that_sends_a_few_bytes_at_a_time_makes_no_row_of_each(tus, draft):
    """A file of 5 MB would be five million rows."""
    content = pdf(100_000)
    url = tus.begun(len(content))
    sizes = [1, 1, 2000, 40_000, 1, 3, 33_000, 20_000]
    for start, size in zip((sum(sizes[:n]) for n in range(8)), sizes, strict=True):
        assert tus.chunk(url, start, content[start : start + size]).headers["Upload-Offset"] == str(start + size)
    told = tus.ask("GET", f"{url}/outcome").json
    assert (chunks(), told["sha256"]) == (3, hashlib.sha256(content[: sum(sizes)]).hexdigest())
    for start in range(sum(sizes), len(content) - 1000, 100):
        tus.chunk(url, start, content[start : start + 100])
    assert chunks() <= 1 + len(content) // incoming.LEAST
    start = tus.offset(url)
    assert tus.chunk(url, start, content[start:]).headers["Upload-Outcome"] == "attached"
    assert attached(draft) == [("plan.pdf", content)]


def test_another_version_is_refused_before_anything_is_done(tus):
    url = tus.begun(100)
    asked = [(method, url, "1.0.1") for method in ("HEAD", "PATCH", "DELETE")]
    for method, where, given in [*asked, ("POST", "", "0.2.2"), ("POST", "", None), ("PATCH", url, None)]:
        answer = tus.ask(method, where, b"x", Tus_Resumable=given, Upload_Offset=0, Content_Type=TYPE)
        assert (answer.status_code, answer.headers["Tus-Version"]) == (412, "1.0.0")
    assert tus.offset(url) == 0


NOT_BEGUN = (
    ({"Upload_Length": None}, 400),
    ({"Upload_Length": "-1"}, 400),
    ({"Upload_Length": "1e3"}, 400),
    ({"Upload_Length": "9" * 30}, 400),
    ({"Upload_Length": None, "Upload_Defer_Length": "1"}, 400),
    ({"Upload_Concat": "partial"}, 400),
    ({"Upload_Metadata": None}, 400),
    ({"Upload_Metadata": "question !!"}, 400),
    ({"Upload_Metadata": "question /w=="}, 400),
    ({"Upload_Metadata": described(question="title", filename="a.pdf")}, 400),
    ({"Upload_Metadata": described(question="document", filename="a" * 4000)}, 400),
    ({"Upload_Metadata": described(question="document", filename="a.exe")}, 403),
    ({"Upload_Length": "0"}, 403),
    ({"Upload_Length": "5000001"}, 413),
    ({"Content_Type": "text/plain"}, 415),
)


def test_what_can_not_be_begun_is_refused_with_a_sentence(tus):
    about = described(question="document", filename="a.pdf")
    for headers, status in NOT_BEGUN:
        given = {"Upload_Length": 100, "Upload_Metadata": about, "Content_Type": TYPE, **headers}
        answer = tus.ask("POST", "", b"x", **given)
        assert (answer.status_code, answer.headers["Tus-Resumable"]) == (status, "1.0.0"), headers
        assert answer.json["sentence"].endswith("."), headers
    assert db.session.scalar(sa.select(sa.func.count()).select_from(IncomingUpload)) == 0


NOT_TAKEN = (
    ({"Content_Type": "application/octet-stream"}, b"x", 415),
    ({"Content_Type": None}, b"x", 415),
    ({"Upload_Offset": None}, b"x", 400),
    ({"Upload_Offset": "-1"}, b"x", 400),
    ({"Upload_Offset": "1"}, b"x", 409),
    ({"Upload_Offset": "9"}, b"x", 409),
    ({}, b"x" * 101, 413),
    ({"Upload_Checksum": "md5 AAAA"}, b"x", 400),
    ({"Upload_Checksum": "sha1 no!"}, b"x", 400),
    ({"Upload_Checksum": checksum(b"y")}, b"x", 460),
    ({"Upload_Checksum": checksum(b"y", "sha256")}, b"x", 460),
)


def test_a_chunk_that_is_refused_leaves_nothing(tus):
    url = tus.begun(100)
    for headers, body, status in NOT_TAKEN:
        answer = tus.chunk(url, 0, body, **headers)
        assert (answer.status_code, answer.headers["Tus-Resumable"]) == (status, "1.0.0"), headers
        assert answer.headers.get("Upload-Offset") == ("0" if status == 409 else None)
        assert answer.json["sentence"]
    assert (tus.offset(url), chunks()) == (0, 0)


def test_a_right_checksum_is_taken(tus):
    url = tus.begun(100)
    for offset, name in ((0, "sha1"), (30, "sha256")):
        assert tus.chunk(url, offset, b"x" * 30, Upload_Checksum=checksum(b"x" * 30, name)).status_code == 204
    assert tus.offset(url) == 60


def test_where_only_post_goes_through_the_method_comes_in_a_header(tus, draft):
    content = pdf(10_000)
    url = tus.begun(len(content))
    said = {"X_HTTP_Method_Override": "PATCH", "Upload_Offset": 0, "Content_Type": TYPE}
    assert tus.ask("POST", url, content[:10], **said).status_code == 204
    assert tus.ask("POST", url, X_HTTP_Method_Override="HEAD").headers["Upload-Offset"] == "10"
    assert tus.ask("POST", "", X_HTTP_Method_Override="OPTIONS").status_code == 204
    assert tus.ask("GET", f"{url}/outcome", X_HTTP_Method_Override="DELETE").json["received"] == 10  # changes nothing
    assert tus.ask("POST", url).status_code == 405
    assert tus.ask("POST", url, X_HTTP_Method_Override="DELETE").status_code == 204
    assert tus.ask("HEAD", url).status_code == 404


def test_a_cancelled_upload_is_gone_with_its_bytes(tus):
    url = tus.begun(100)
    tus.chunk(url, 0, b"x" * 50)
    assert tus.ask("DELETE", url).status_code == 204
    assert chunks() == 0
    for method in ("HEAD", "PATCH", "DELETE"):
        assert tus.ask(method, url, Upload_Offset=50, Content_Type=TYPE).status_code == 404


def test_what_is_left_alone_for_a_day_is_gone(tus, at):
    url = tus.begun(100)
    at(clock.now() + timedelta(hours=23))
    assert tus.chunk(url, 0, b"x" * 50).headers["Upload-Expires"] == "Fri, 26 Feb 2027 15:52:08 GMT"
    at(clock.now() + timedelta(hours=24))
    assert tus.ask("HEAD", url).status_code == tus.chunk(url, 50, b"x").status_code == 410
    assert incoming.forget_incoming(clock.now()) == 1
    assert (tus.ask("HEAD", url).status_code, chunks()) == (404, 0)


def test_a_creation_asked_again_after_a_lost_answer_begins_nothing_new(tus):
    key = {"id": "6b7bf0b4-0b1f-4d5e-9d3c-0a8d5f0f3d11"}
    url = tus.begun(100, about=key)
    assert url.endswith(key["id"])
    tus.chunk(url, 0, b"x" * 50)
    again = tus.begin(100, about=key)
    assert (again.status_code, again.headers["Location"], again.headers["Upload-Offset"]) == (201, url, "50")
    other = tus.begun(101, about=key)
    assert other != url and tus.offset(other) == 0


def test_a_refused_file_tells_why_and_how_also_to_whoever_missed_the_answer(her, draft):
    tus = Tus(her, draft.id, "fr")
    url = tus.begun(2000)
    answer = tus.chunk(url, 0, b"%PDF-1.4 nothing" + bytes(1984))
    assert (answer.status_code, answer.headers["Upload-Offset"]) == (422, "2000")
    assert "n’a pas pu être lu" in answer.json["sentence"]
    head = tus.ask("HEAD", url)
    assert (head.status_code, head.headers["Upload-Outcome"]) == (200, "refused")
    again = tus.chunk(url, 2000, b"")
    assert (again.status_code, again.json) == (422, answer.json)
    told = tus.ask("GET", f"{url}/outcome").json
    assert (told["outcome"], told["sentence"]) == ("refused", answer.json["sentence"])
    assert (attached(draft), chunks()) == ([], 0)


def test_a_blind_reviewer_gets_a_copy_that_does_not_say_whose_it_is(app, her, applicant, call, at):
    """Threat A13: also of what came in chunks."""
    canary, made = "Zq Weavers of Nakuru", world.draft(call, by=applicant)
    db.session.commit()
    assert Tus(her, made.id).send(pdf(Author=canary), f"{canary}.pdf").status_code == 204
    assert canary.encode() in attached(made)[0][1]
    actions.submit(made, "key", by=applicant, at=clock.now())
    next(q for q in call.questions if q.kind == "file").hidden = False
    call.blindness, call.review_started_at = Blindness.SINGLE, at(call.deadline_at + timedelta(days=1))
    assignment = world.assignment(made)
    reviewer = browser_of(app, assignment.reviewer)
    page = reviewer.page(f"/en/reviews/{assignment.id}")
    links = [a.get("href") for a in page.all("article//a") if "/files/" in a.get("href", "")]
    assert len(links) == 1 and canary not in page.text
    with reviewer.get(links[0]) as answer:
        assert answer.data.startswith(b"%PDF") and canary.encode() not in answer.data
        assert canary not in str(answer.headers)


def test_all_checks_of_files_are_made_of_what_comes_in_chunks(tus, draft):
    answer = tus.send(b"MZ" + bytes(5000), "plan.pdf")
    assert (answer.status_code, answer.json["sentence"][:37]) == (422, "We can’t read this kind of file. Save")
    assert attached(draft) == []


def test_the_same_file_twice_is_one_and_another_takes_its_place(tus, draft):
    first, second = pdf(), pdf()
    assert [tus.send(content).status_code for content in (first, first)] == [204, 204]
    assert attached(draft) == [("plan.pdf", first)]
    assert tus.send(second, "plan2.pdf").status_code == 204
    assert attached(draft) == [("plan2.pdf", second)]


def test_a_file_that_is_refused_at_last_takes_no_place(tus, draft):
    """It is known by then that it holds a virus: the one that was there stays."""
    first, second = pdf(), pdf()
    tus.send(first)
    known = uploads.Checked(hashlib.sha256(second).hexdigest(), "pdf", len(second), 1, "x.pdf")
    row = uploads.StoredFile(sha256=known.sha256, size=known.size, kind="pdf", stored_at=clock.now(), found=[])
    row.scan, row.scanned_at = uploads.Scan.INFECTED, clock.now()
    db.session.add(row)
    answer = tus.send(second, "second.pdf")
    assert (answer.status_code, answer.json["sentence"][:33]) == (422, "This file holds a virus or the li")
    assert attached(draft) == [("plan.pdf", first)]


def test_the_list_of_the_questions_files_comes_with_the_outcome(tus, draft, her):
    content = pdf()
    url = tus.begun(len(content), "Plan <b>.pdf")
    assert tus.ask("GET", f"{url}/outcome").json["files"].strip() == ""
    tus.chunk(url, 0, content)
    listed = tus.ask("GET", f"{url}/outcome").json["files"]
    assert listed.strip() in her.get(f"/en/proposals/{draft.id}/sections/documents").text
    assert "Plan b.pdf" in listed


def test_two_writers_of_one_chunk_are_told_apart(tus):
    url = tus.begun(100)
    assert [tus.chunk(url, 0, b"x" * 50).status_code for _ in range(2)] == [204, 409]
    assert tus.offset(url) == 50


def test_nobody_writes_while_it_is_being_checked_and_nobody_waits_for_it(app, tus, draft, applicant, monkeypatch):
    content, other, answers = pdf(), Tus(browser_of(app, applicant), draft.id), []
    url, learn = tus.begun(len(content)), reading.learn

    def at_the_same_time():
        with app.app_context():
            answers.append(other.chunk(url, len(content), b""))

    def meanwhile(*given):
        with ThreadPoolExecutor(1) as her_other_tab:
            her_other_tab.submit(at_the_same_time).result(10)
        return learn(*given)

    monkeypatch.setattr(reading, "learn", meanwhile)
    assert tus.chunk(url, 0, content).headers["Upload-Outcome"] == "attached"
    assert [(a.status_code, a.headers["Retry-After"]) for a in answers] == [(423, "2")]
    assert attached(draft) == [("plan.pdf", content)]


def test_what_could_not_be_checked_now_is_asked_for_again(tus, draft, monkeypatch):
    content = pdf()

    def full(*given, **values):
        raise uploads.NotKept("Later.")

    with monkeypatch.context() as patch:
        patch.setattr(uploads, "take", full)
        url = tus.begun(len(content))
        answer = tus.chunk(url, 0, content)
        assert (answer.status_code, answer.json, attached(draft)) == (503, {"sentence": "Later."}, [])
        assert tus.ask("HEAD", url).headers["Upload-Outcome"] == "checking"
    answer = tus.chunk(url, len(content), b"")
    assert (answer.status_code, answer.headers["Upload-Outcome"]) == (204, "attached")
    assert attached(draft) == [("plan.pdf", content)]


def test_what_came_whole_is_attached_by_the_worker_if_its_server_fell(tus, draft, at, monkeypatch):
    """The process died between the last chunk and its answer, and she has gone to bed."""
    content = pdf()
    url = tus.begun(len(content))

    def die(*given):
        raise SystemExit

    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(incoming, "check", die)
        tus.chunk(url, 0, content)
    assert incoming.end_incoming(clock.now()) == 0  # somebody may be at it
    at(clock.now() + timedelta(seconds=30))
    assert incoming.end_incoming(clock.now()) == 1
    assert attached(draft) == [("plan.pdf", content)]
    assert tus.ask("HEAD", url).headers["Upload-Outcome"] == "attached"


def test_after_the_deadline_no_chunk_is_taken(tus, draft, at, call):
    content = pdf(50_000)
    at(call.deadline_at - timedelta(seconds=1))
    last = tus.begun(len(content))
    assert tus.chunk(last, 0, content[:100]).status_code == 204
    at(call.deadline_at)
    for answer in (tus.chunk(last, 100, content[100:]), tus.begin(100)):
        assert answer.status_code == 403
        assert answer.json["sentence"] == "The deadline has passed: proposals can no longer be written or changed."
    assert (tus.offset(last), attached(draft)) == (100, [])


def test_a_file_that_comes_without_the_form_s_token_is_not_taken(tus):
    url = tus.begun(100)
    for method, where in (("POST", ""), ("PATCH", url), ("DELETE", url)):
        assert tus.ask(method, where, X_CSRFToken=None).status_code == 400
    assert tus.offset(url) == 0


def test_nobody_else_sees_or_changes_an_upload(app, tus, draft):
    url = tus.begun(100)
    stranger = Tus(browser_of(app, world.person()), draft.id)
    for method, of in (("HEAD", ""), ("PATCH", ""), ("DELETE", ""), ("GET", "/outcome")):
        answer = stranger.ask(method, url + of, Upload_Offset=0, Content_Type=TYPE)
        assert answer.status_code == 404 and "Tus-Resumable" not in answer.headers
    assert stranger.begin(100).status_code == 404
    assert tus.offset(url) == 0


def test_one_person_sends_so_many_files_at_a_time(tus, monkeypatch):
    monkeypatch.setattr("msme_calls.proposals.rules.MOST_UPLOADS", 2)
    first = tus.begun(100)
    tus.begun(100)
    answer = tus.begin(100)
    assert (answer.status_code, answer.json["sentence"][:38]) == (403, "2 of your files are on their way alrea")
    tus.ask("DELETE", first)
    tus.begun(100)


def test_files_on_their_way_count_for_what_she_may_keep(make_app, applicant, draft):
    small = make_app(quota_mb=1)
    tus = Tus(browser_of(small, applicant), draft.id)
    tus.begun(1_000_000)
    answer = tus.begin(100)
    assert (answer.status_code, answer.json["sentence"][:32]) == (403, "Your files take more than 1 MB, ")


def test_a_team_on_its_way_shares_what_the_owner_may_keep(make_app, applicant, draft, call):
    """Or each member would have as much again."""
    other = actions.start(call, by=applicant, at=clock.now())
    db.session.flush()
    friend = world.person()
    for made in (draft, other):
        db.session.add(Member(proposal_id=made.id, person_id=friend.id, role=TeamRole.EDIT, since=clock.now()))
    db.session.commit()
    small = make_app(quota_mb=1)
    Tus(browser_of(small, applicant), draft.id).begun(1_000_000)
    answer = Tus(browser_of(small, friend), other.id).begin(100)
    assert (answer.status_code, answer.json["sentence"][:32]) == (403, "Your files take more than 1 MB, ")
    own = actions.start(call, by=friend, at=clock.now())
    db.session.commit()
    Tus(browser_of(small, friend), own.id).begun(100)


def test_a_chunk_costs_a_handful_of_statements_however_many_came_before(tus):
    url, counts = tus.begun(5_000_000), []
    for n in range(30):
        with statements() as run:
            assert tus.chunk(url, n * 1000, bytes(1000)).status_code == 204
        counts.append(len(run))
    assert counts[1] == counts[-1] <= 10, run


def test_a_section_tells_of_files_that_have_not_come_whole(tus, draft, her):
    url = tus.begun(100)
    tus.chunk(url, 0, b"x" * 50)
    page = her.page(f"/en/proposals/{draft.id}/sections/documents")
    item = next(e for e in page.all("li") if e.get("data-sending"))
    assert [item.get(f"data-{name}") for name in ("sending", "name", "size", "received")] == [
        url,
        "plan.pdf",
        "100",
        "50",
    ]
    assert item.get("hidden") == ""  # without script there is nothing to be done with it
