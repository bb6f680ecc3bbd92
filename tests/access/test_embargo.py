"""A sealed result one second before its instant and at it, on every address, as everybody (threats E1–E3, E5–E7).

No job runs between the two: what is public then is so by the clock alone.
"""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from access.cast import RESULT, ROLES
from access.routes import address, build, lines, methods, rules, values
from access.table import ADDRESSES
from access.visiting import face
from isolation import NOW

from msme_calls import clock, outbox, sweeps
from msme_calls.extensions import LANGUAGES, db

INSTANT = NOW + RESULT
BEFORE = INSTANT - timedelta(seconds=1)
KNOWING = {"coordinator": "AB", "conflicted": "B"}  # whoever takes part in deciding on which proposals
SURFACES = ("results.result", "results.entry", "results.sealed_file", "decisions.outcome")  # what only then exists
ELSEWHERE = ("publication.home", "publication.archive", "publication.call", "front.sitemap")  # what tells of it then
RESULT_WORDS = re.compile(r"decisions[.]public_.*|decisions[.]rationale")
OURS = re.compile(r"(decision on|proposal) (A|B) of sealed")


def everything(world: Any) -> Iterator[tuple[str, str, str]]:
    """Role, endpoint and address of all that can be read about the sealed call."""
    for endpoint, rule, line in lines(world.app):
        if "GET" in methods(rule):
            for lang in LANGUAGES if line.public else ("en",):
                url = address(world.app, rule, line, world.cast, "sealed", lang)
                yield from ((role, endpoint, url) for role in (("anonymous",) if line.public else ROLES))


def results(world: Any, response: Any) -> set[str]:
    """The words of the result of the sealed call in an answer."""
    text = response.get_data().decode("latin-1") + str(response.headers)
    secrets = world.cast.canaries.found(text)
    return {str(s) for s in secrets if RESULT_WORDS.fullmatch(s.what) and OURS.fullmatch(s.of)}


def _knows(role: str, word: str) -> bool:
    return any(f"decision on {name} of sealed" in word for name in KNOWING.get(role, ""))


def own_url(world: Any, endpoint: str, lang: str = "en") -> str:
    return address(world.app, rules(world.app)[endpoint], ADDRESSES[endpoint], world.cast, "sealed", lang)


def test_before_the_instant_nobody_reads_a_word_of_the_result_nor_where_it_will_be(seen: Any, at: Any) -> None:
    """Threats E1, E2, E6: no page says it, and none leads to it."""
    at(BEFORE)
    future = [own_url(seen, e).removeprefix("/en") for e in ("results.entry", "results.sealed_file")]
    early = []
    for role, endpoint, url in everything(seen):
        response = seen.ask(role, url)
        text = response.get_data().decode("latin-1").replace(url.removeprefix("/en"), "")
        early += [f"{role} at {endpoint}: {w}" for w in results(seen, response) if not _knows(role, w)]
        early += [f"{role} at {endpoint} is led to {w}" for w in future if w in text]
    assert early == []
    result = own_url(seen, "results.result").removeprefix("/en")
    for url in ("/en/winners", "/sitemap.xml"):
        assert result not in seen.ask("anonymous", url).get_data(as_text=True)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("endpoint", [s for s in SURFACES if s != "results.result"])
def test_an_address_that_will_exist_is_as_if_it_never_would(seen: Any, at: Any, endpoint: str, lang: str) -> None:
    """Threat E1: byte for byte, headers too."""
    at(BEFORE)
    url, role = own_url(seen, endpoint, lang), "owner" if endpoint == "decisions.outcome" else "anonymous"
    never = f"/{lang}/calls/never/result/never" if url.startswith(f"/{lang}/") else "/calls/never"
    there, nothing = face(seen.ask(role, url), url), face(seen.ask(role, never), never)
    assert there == nothing and there[0] == 404


def test_the_page_of_a_sealed_result_says_only_when_and_its_fingerprint(seen: Any, at: Any) -> None:
    """The digest is public at once; a reference of a winner, a loser or nobody gives the same absence."""
    at(BEFORE)
    page = seen.ask("anonymous", own_url(seen, "results.result"))
    assert page.status_code == 200 and seen.cast.value("sealed", "A.reference") not in page.get_data(as_text=True)
    rule = rules(seen.app)["results.entry"]
    given = values(rule, ADDRESSES["results.entry"], seen.cast, "sealed")
    faces = []
    for reference in [*(seen.cast.value("sealed", f"{n}.reference") for n in "AB"), "no-such"]:
        url = build(seen.app, rule, given | {"reference": reference})
        faces.append(face(seen.ask("anonymous", url), url))
    assert faces[0] == faces[1] == faces[2]


def test_no_cache_keeps_what_the_instant_changes_across_it(seen: Any, at: Any) -> None:
    """Threat E3. Absent pages are kept by nobody, and nothing says when it was last changed."""
    pages = [(e, url) for role, e, url in everything(seen) if ADDRESSES[e].public]
    answers = {}
    for seconds in (0, 0.5, 1, 59):
        at(INSTANT - timedelta(seconds=seconds))
        answers[seconds] = {url: seen.ask("anonymous", url) for _, url in pages}
    changed = {u for _, u in pages if answers[0][u].get_data() != answers[1][u].get_data()}
    assert {own_url(seen, e) for e in (*ELSEWHERE, *SURFACES[:3])} <= changed
    for seconds, found in answers.items():
        for url, response in found.items() if seconds else ():
            cache = response.headers["Cache-Control"]
            most = int(m[1]) if (m := re.search(r"max-age=(\d+)", cache)) else 0
            assert url not in changed or most <= seconds, f"{url} {seconds} s before: {cache}"
            assert response.status_code != 404 or cache == "no-store", url
            assert not {"ETag", "Last-Modified"} & set(response.headers.keys()), url


def test_at_the_instant_the_result_is_there_for_all_without_any_job(seen: Any, at: Any) -> None:
    at(BEFORE)
    for _role, _endpoint, url in everything(seen):
        if not url.startswith("/en/desk"):  # whatever would be kept in memory is kept now
            seen.ask("anonymous", url)
    at(INSTANT)
    for lang in LANGUAGES:
        for endpoint in ("results.result", "results.entry", "results.sealed_file"):
            response = seen.ask("anonymous", own_url(seen, endpoint, lang))
            assert response.status_code == 200 and results(seen, response), f"{lang} {endpoint}"
        for endpoint in ELSEWHERE:
            response = seen.ask("anonymous", own_url(seen, endpoint, lang))
            assert own_url(seen, "results.result", lang) in response.get_data(as_text=True), f"{lang} {endpoint}"
    for role in ("owner", "other"):
        name = "A" if role == "owner" else "B"
        assert (
            seen.ask(role, f"/en/proposals/{seen.cast.value('sealed', f'{name}.proposal')}/outcome").status_code == 200
        )


def test_mails_of_the_outcome_wait_for_the_instant_and_go_once_however_late(
    seen: Any, at: Any, monkeypatch: Any
) -> None:
    """Threats E5, E7: a worker that was down sends them afterwards, each once."""
    sent: list[str] = []
    monkeypatch.setattr(
        outbox, "into_mailbox", lambda message: sent.append(message.msgId.strip("<>").partition("@")[0])
    )
    waiting = sa.select(outbox.Email.id).filter_by(name="outcome", call_id=seen.cast.value("sealed", "call"))
    mails = [str(email_id) for email_id in db.session.scalars(waiting)]
    assert len(mails) == 5  # the owners of both, and the team of one
    at(BEFORE)
    _work()
    assert not set(mails) & set(sent) and sent, "others go meanwhile"
    at(INSTANT + timedelta(minutes=5))
    for _ in range(3):
        _work()
    assert [sent.count(mail) for mail in mails] == [1] * len(mails)


def _work() -> None:
    """All that a worker does in a turn, until nothing is left."""
    for sweep in list(sweeps.SWEEPS.values()):
        while sweep(clock.tick()):
            pass
