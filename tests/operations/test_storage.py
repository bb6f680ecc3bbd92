"""Files in a folder or in S3-compatible storage: kept whole, proven by their hash, under no name but a hash
(threats B16, B18, C16, C23)."""

import functools
import hashlib
import io
import os
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import flask
import pytest
import sqlalchemy as sa
import world
from hypothesis import given
from hypothesis import strategies as st
from operations.stores import Told, bucket, nowhere, s3, told  # noqa: F401  fixtures
from pages import Page, words
from proposals.sending import Tus
from proposals.test_files import listed, pdf, send
from signing_in import browser_of

from msme_calls import clock, storage
from msme_calls.extensions import db
from msme_calls.proposals.models import Attachment
from msme_calls.settings import Settings, SettingsError
from msme_calls.storage import Damaged, Missing, Store, Unreachable
from msme_calls.uploads import StoredFile

CONTENT = os.urandom(300_000)
HASH = hashlib.sha256(CONTENT).hexdigest()
AWAY = "We can’t keep files at the moment. Everything else is safe: send this file again in a few minutes."


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    chosen = request.getfixturevalue("bucket") if request.param == "bucket" else {}
    (tmp_path / "data" / "files").mkdir(parents=True)
    return storage.of(Settings(data=tmp_path / "data", **chosen))


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same bounds, ten times shorter."""
    short = timedelta(milliseconds=400)
    monkeypatch.setattr(storage, "_TIMES", {"connect_timeout": short, "read_timeout": short, "timeout": 5 * short})
    monkeypatch.setattr(storage, "_RETRIES", storage._RETRIES | {"retry_timeout": short})


def sent(tmp_path: Path, content: bytes = CONTENT) -> Path:
    path = tmp_path / "data" / "files" / "incoming" / "sent"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_what_is_kept_comes_back_the_same(store: Store, tmp_path: Path) -> None:
    assert store.writable() and list(store.listing()) == []
    store.keep(sent(tmp_path), HASH)
    with store.open(HASH) as file:
        assert file.read(10) == CONTENT[:10]
        file.seek(-5, os.SEEK_END)
        assert file.read() == CONTENT[-5:]
    assert store.size(HASH) == len(CONTENT)
    [(name, size, modified)] = store.listing()
    assert (name, size) == (HASH, len(CONTENT)) and abs(modified - datetime.now(UTC)) < timedelta(days=400)
    store.keep(sent(tmp_path), HASH)  # once more: nothing is doubled
    assert [found[0] for found in store.listing()] == [HASH]
    store.delete(HASH)
    store.delete(HASH)
    for act in (store.open, store.size):
        with pytest.raises(Missing):
            act(HASH)


def test_a_content_that_was_changed_is_never_handed_on(store: Store, tmp_path: Path) -> None:
    """Threat C23."""
    store.keep(sent(tmp_path, CONTENT[:-1] + b"?"), HASH)
    with pytest.raises(Damaged):
        store.open(HASH)
    store.keep(sent(tmp_path), HASH)  # sent again, it is healed
    store.open(HASH).close()


@given(st.text() | st.sampled_from(["..", "../" * 9 + "etc/passwd", "a" * 63, "A" * 64, "a" * 64 + "\n", "%2e%2e/x"]))
def test_nothing_but_a_hash_is_a_key(name: str) -> None:
    """Threat B16."""
    with pytest.raises(ValueError, match="hash"):
        storage.key_of(name)


def test_no_other_key_reaches_any_store(told: Told, tmp_path: Path) -> None:  # noqa: F811
    """Threat B16."""
    for chosen in ({}, told.settings):
        store = storage.of(Settings(data=tmp_path / "data", **chosen))
        for act in (store.open, store.size, store.delete, functools.partial(store.keep, tmp_path / "x")):
            with pytest.raises(ValueError, match="hash"):
                act("../secrets")
    assert told.seen == []


def test_a_content_is_sent_whole_in_one_request(told: Told, tmp_path: Path) -> None:  # noqa: F811
    """Threat C16: so there are no parts that could be left behind."""
    large = os.urandom(9_000_000)
    storage.of(Settings(data=tmp_path / "data", **told.settings)).keep(
        sent(tmp_path, large), hashlib.sha256(large).hexdigest()
    )
    [(method, path, length)] = told.seen
    assert (method, length) == ("PUT", len(large)) and "?" not in path and told.content == large


@pytest.mark.parametrize("fault", ["hang", "drip", "half", 403, 500, "nowhere"])
def test_a_store_that_fails_fails_in_seconds(told: Told, quick: None, tmp_path: Path, fault: Any) -> None:  # noqa: F811
    """Threat C16: down, hanging, dripping, breaking off, forbidding, at fault."""
    chosen = nowhere() if fault == "nowhere" else told.settings
    store = storage.of(Settings(data=tmp_path / "data", **chosen))
    told.content, told.answer = CONTENT, fault
    begun = time.monotonic()
    with pytest.raises(Unreachable):
        store.open(HASH)
    if fault not in ("drip", "half"):
        for act in (lambda: store.keep(sent(tmp_path), HASH), lambda: list(store.listing())):
            with pytest.raises(Unreachable):
                act()
        assert not store.writable()
    assert time.monotonic() - begun < 8


def test_the_bounds_of_production_are_seconds() -> None:
    assert storage._TIMES["read_timeout"] + storage._RETRIES["retry_timeout"] < timedelta(seconds=10)  # type: ignore


@pytest.fixture
def draft(app: flask.Flask) -> Iterator[Any]:
    """Her draft in an open call: (application, her, address of its section for a document)."""
    call = world.call("open", deadline_at=clock.now() + timedelta(days=5))
    applicant = world.person("Example Applicant")
    section = next(s for s in call.sections if s.key == "documents")
    section.questions.insert(0, next(q for q in call.questions if q.key == "partners"))
    proposal = world.draft(call, by=applicant)
    db.session.commit()
    return applicant, f"/en/proposals/{proposal.id}/sections/documents"


Make = Callable[..., flask.Flask]


def test_files_are_given_through_the_application_alone(make_app: Make, draft: Any, bucket: dict[str, str]) -> None:  # noqa: F811
    """Threat B18: there are no signed addresses of the storage that could be passed on; each download asks anew."""
    her, url = browser_of(make_app(**bucket), draft[0]), draft[1]
    assert send(her, url, (pdf(2), "idea.pdf")).status_code == 302
    page = her.page(url)
    assert listed(page) == ["idea.pdf"]
    with her.get(page.link("idea.pdf")) as back:
        assert back.status_code == 200 and back.data == pdf(2)
        assert back.headers["Content-Disposition"].startswith("attachment;")
        assert "X-Amz" not in str(back.headers) and "Location" not in back.headers
    kept = [name for name, _, _ in storage.of(Settings(**bucket)).listing()]
    assert kept == [hashlib.sha256(pdf(2)).hexdigest()]
    other = browser_of(her.application, world.person())
    assert other.get(page.link("idea.pdf")).status_code == 404
    assert not [p for p in her.application.settings.files.rglob("*") if p.is_file()]  # type: ignore[attr-defined]


def test_a_store_that_is_down_costs_no_word(make_app: Make, draft: Any, bucket: dict[str, str], quick: None) -> None:  # noqa: F811
    """Threat C16: the upload says to try again, the words are saved, downloads wait; then all goes on."""
    well, applicant, url = make_app(**bucket), *draft
    her = browser_of(make_app(**nowhere()), applicant)
    text = "Words typed beside a file for which there is no store. " * 3
    answer = Page(send(her, url, (pdf(), "idea.pdf"), partners=text))
    assert answer.status == 503 and AWAY in words(answer.one("p[@id='q-document-error']"))
    assert her.page(url).one("textarea[@id='q-partners']").text.strip() == text.strip()
    assert [db.session.scalar(sa.select(sa.func.count()).select_from(t)) for t in (Attachment, StoredFile)] == [0, 0]
    ready = her.get("/readyz")
    assert (ready.status_code, ready.json["storage"], ready.json["database"]) == (503, False, True)
    assert send(browser_of(well, applicant), url, (pdf(), "idea.pdf")).status_code == 302
    link = her.page(url).link("idea.pdf")
    away = her.get(link)
    assert away.status_code == 503 and "Files can’t be read at the moment" in away.text
    assert away.headers["Retry-After"] == "60"
    with browser_of(well, applicant).get(link) as back:
        assert back.data == pdf()


@pytest.mark.parametrize("fault", ["hang", 403, 404, "half"])
def test_a_download_that_the_store_does_not_give(
    make_app: Make, draft: Any, told: Told, quick: None, fault: Any  # noqa: F811
) -> None:  # fmt: skip
    """Threat C16: forbidden, gone after all, broken off half-way: a page that says so, never half a file."""
    applicant, url = draft
    her = browser_of(make_app(**told.settings), applicant)
    assert send(her, url, (pdf(), "idea.pdf")).status_code == 302
    link = her.page(url).link("idea.pdf")
    told.answer = fault
    away = her.get(link)
    assert away.status_code == 503 and "Content-Disposition" not in away.headers
    told.answer, told.content = "well", told.content + b"\n% and more"
    assert her.get(link).status_code == 503
    told.content = pdf()
    with her.get(link) as back:
        assert back.data == pdf()


@pytest.mark.parametrize(
    "url", ["http://x", "s3://", "s3://calls?acl=public", "s3://calls?endpoint=minio:9000", "s3://key:secret@calls"]
)
def test_an_address_that_can_not_be_is_told(url: str) -> None:
    with pytest.raises(SettingsError, match="MSME_STORAGE_URL"):
        Settings(storage_url=url)


def test_half_of_the_keys_is_told() -> None:
    with pytest.raises(SettingsError, match="MSME_STORAGE_SECRET"):
        Settings(storage_url="s3://calls", storage_key="x")


def test_a_full_disk_is_told_like_a_store_that_is_away(app: flask.Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(Unreachable, match="No space"):
        storage.store().keep(io.BytesIO(b"x"), HASH)  # type: ignore[arg-type]


def test_the_files_of_a_rehearsal_lie_below_the_others_and_are_listed_by_its_own_store_alone(
    bucket: dict[str, str],  # noqa: F811
    tmp_path: Path,
) -> None:
    """So the clean-up of one never takes what belongs to the other."""
    from msme_calls.rehearsals.worlds import _storage

    real = storage.of(Settings(data=tmp_path / "data", **bucket))
    its_own = storage.of(Settings(**{**bucket, "storage_url": _storage(bucket["storage_url"], uuid.UUID(int=7))}))
    its_own.keep(sent(tmp_path), HASH)
    assert ([found[0] for found in its_own.listing()], list(real.listing())) == ([HASH], [])
    its_own.delete(HASH)
    assert list(its_own.listing()) == []


def test_a_file_in_chunks_waits_for_a_store_that_is_down_and_none_of_it_is_sent_again(
    make_app: Make, draft: Any, bucket: dict[str, str], quick: None  # noqa: F811
) -> None:  # fmt: skip
    """Threat C16: all chunks were acknowledged; when the store is back an empty one has the file attached."""
    applicant, url = draft
    content, key = pdf(2), uuid.UUID(url.split("/")[3])
    down = Tus(browser_of(make_app(**nowhere()), applicant), key)
    upload = down.begun(len(content))
    assert down.chunk(upload, 0, content[:100]).status_code == 204
    last = down.chunk(upload, 100, content[100:])
    assert (last.status_code, last.headers["Retry-After"]) == (503, "5")
    well = Tus(browser_of(make_app(**bucket), applicant), key)
    assert well.offset(upload) == len(content)
    assert well.chunk(upload, len(content), b"").headers["Upload-Outcome"] == "attached"
    page = well.client.page(url)
    assert listed(page) == ["plan.pdf"]
    with well.client.get(page.link("plan.pdf")) as back:
        assert back.data == content
    assert [name for name, _, _ in storage.of(Settings(**bucket)).listing()] == [hashlib.sha256(content).hexdigest()]
