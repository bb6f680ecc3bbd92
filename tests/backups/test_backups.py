"""What was backed up is there again, on a new machine and whichever database it has, proven row by row."""

import gzip
import io
import json
import os
import tarfile
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
import world
from applications import build, close
from operations.stores import bucket, s3  # noqa: F401  fixtures

from msme_calls import clock, history
from msme_calls.accounts.models import Person
from msme_calls.backups import Unusable, archive, making, restoring, stock
from msme_calls.extensions import Base, db
from msme_calls.storage import incoming, store
from msme_calls.uploads import StoredFile


@pytest.fixture
def full(app):
    """An installation with people, calls, proposals with files, reviews, acts."""
    call = world.call("review", kind="rta-papers")
    for _ in range(2):
        world.assignment(world.proposal(call), world.reviewer(call))
    world.person("“Añe” 语言 \U0001f4a9", organisation="a\\b'c\"d\te\nf")
    db.session.commit()
    return app


def everything() -> dict[str, list[list[object]]]:
    """All rows of all tables, as the database keeps them."""
    found = {}
    with db.engine.connect() as connection:
        for table in Base.metadata.sorted_tables:
            columns = [(c.name, archive.kind_of(c)) for c in table.columns]
            plain = archive.plain_table(table.name, columns)
            rows = connection.execute(sa.select(*plain.columns))
            found[table.name] = sorted(([*row] for row in rows), key=str)
    return found


@pytest.fixture
def target(tmp_path):
    folder = tmp_path / "backups"
    folder.mkdir()
    return folder


@pytest.fixture
def elsewhere(tmp_path, databases):
    """A new, empty installation on each kind of database in turn, inside its context."""
    made = []

    def new(kind, **settings):
        folder = tmp_path / f"new-{len(made)}"
        folder.mkdir()
        if kind == "sqlite":
            url = f"sqlite:///{folder / 'new.sqlite3'}"
        else:
            url = databases.empty_postgresql()
        made.append(build(url, folder, **settings))
        return made[-1].app_context()

    yield new
    for app in made:
        close(app)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_every_row_and_file_is_there_again_on_any_database(full, target, elsewhere, kind):
    """Threat C22."""
    made = making.back_up(target, clock.now())
    before = everything()
    contents = {s: world.content(s) for s in db.session.scalars(sa.select(StoredFile.sha256))}
    db.session.rollback()
    assert (made.files, made.lost, made.path.stat().st_mode & 0o077) == (len(contents), [], 0)
    assert contents and before["history"]
    with elsewhere(kind):
        held = restoring.restore(made.path)
        assert everything() == before
        assert {s: world.content(s) for s in contents} == contents
        assert history.verify()[1] is None and list(history.head()) == held["history"]
        person = world.person()  # numbers go on where they were
        history.record("greet", by=person, at=clock.now())
        db.session.commit()
        assert history.verify()[1] is None
        db.session.remove()


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_files_of_object_storage_go_to_a_folder_and_back(make_app, target, elsewhere, bucket):  # noqa: F811
    """The way from one machine to many, and back."""
    app = make_app(**bucket)
    with app.app_context():
        world.proposal(world.call("open", kind="rta-papers"))
        db.session.commit()
        hashes = list(db.session.scalars(sa.select(StoredFile.sha256)))
        made = making.back_up(target, clock.now())
        assert stock.take(clock.now()).good == len(hashes) > 0
        before = {s: world.content(s) for s in hashes}
        db.session.remove()
    with elsewhere("sqlite"):
        restoring.restore(made.path)
        assert {s: world.content(s) for s in hashes} == before
        again = making.back_up(target / "again.tar", clock.now())
    for sha256 in hashes:
        with app.app_context():
            store().delete(sha256)
    with elsewhere("sqlite", **bucket):
        restoring.restore(again.path)
        assert {s: world.content(s) for s in hashes} == before
        db.session.remove()


def test_only_an_empty_installation_is_filled(full, target):
    made = making.back_up(target, clock.now())
    db.session.remove()
    before = everything()
    with pytest.raises(Unusable, match="^This installation is not empty"):
        restoring.restore(made.path)
    assert everything() == before


def rewritten(path: Path, change) -> Path:
    """The archive with its parts as `change` gives them back."""
    with tarfile.open(path) as tar:
        parts = [(m, tar.extractfile(m).read()) for m in tar]
    other = path.with_name("changed.tar")
    with tarfile.open(other, "w") as tar:
        for about, content in change(parts):
            about.size = len(content)
            tar.addfile(about, io.BytesIO(content))
    return other


def member(name, content=b"x", kind=tarfile.REGTYPE, link=""):
    about = tarfile.TarInfo(name)
    about.type, about.linkname = kind, link
    return about, content if kind == tarfile.REGTYPE else b""


FILE = "files/" + "0" * 64
HOSTILE = {
    "out of the folder": [member("../../etc/cron.d/x")],
    "from the root": [member("/etc/passwd")],
    "a link": [member(FILE, kind=tarfile.SYMTYPE, link="/etc/passwd")],
    "a hard link": [member(FILE, kind=tarfile.LNKTYPE, link="manifest.json")],
    "a folder": [member(FILE, kind=tarfile.DIRTYPE)],
    "a device": [member(FILE, kind=tarfile.CHRTYPE)],
    "twice the same": [member("manifest.json", b"{}")],
    "a table nobody knows": [member("tables/x.jsonl.gz", gzip.compress(b"[]"))],
    "a file too many": [member(FILE)],
    "very many": [member(f"x{n}") for n in range(1000)],
}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_hostile_archive_writes_nothing_anywhere(full, target, elsewhere, tmp_path):
    """Threat B15."""
    made = making.back_up(target, clock.now())
    db.session.remove()
    with elsewhere("sqlite"):
        for what, more in HOSTILE.items():
            path = rewritten(made.path, lambda parts, more=more: [*parts, *more])
            before = {p for p in tmp_path.rglob("*") if p.is_file()}
            with pytest.raises(Unusable):
                restoring.restore(path)
            left = {p for p in tmp_path.rglob("*") if p.is_file() and "new.sqlite3" not in p.name} - before
            assert left == set(), what


def _flip(name):
    def change(parts):
        return [(m, bytes([c[0] ^ 1]) + c[1:] if m.name.startswith(name) else c) for m, c in parts]

    return change


def _row_less(parts):
    """A table without its last row, and a manifest whose hash agrees with it."""
    changed = []
    for about, content in parts:
        if about.name == "tables/people.jsonl.gz":
            content = gzip.compress(b"\n".join(gzip.decompress(content).split(b"\n")[:-2]) + b"\n")
            digest = archive.digest_of(io.BytesIO(content))
        if about.name == "manifest.json":
            manifest = json.loads(content)
            manifest["tables"]["people"]["sha256"] = digest
            content = json.dumps(manifest).encode()
        changed.append((about, content))
    return changed


DAMAGES = {
    "a table": _flip("tables/people"),
    "the manifest": _flip("manifest"),
    "its end": lambda parts: parts[:-1],
    "its beginning": lambda parts: parts[1:],
    "the files": lambda parts: [p for p in parts if not p[0].name.startswith("files/")],
    "a file": _flip("files/"),
    "a row": _row_less,
}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_damaged_archive_is_refused_and_no_row_is_written(full, target, elsewhere):
    made = making.back_up(target, clock.now())
    db.session.remove()
    with elsewhere("sqlite"):
        for what, change in DAMAGES.items():
            with pytest.raises(Unusable):
                restoring.restore(rewritten(made.path, change))
            if sa.inspect(db.engine).has_table("people"):
                assert db.session.scalar(sa.select(sa.func.count()).select_from(Person)) == 0, what
            db.session.remove()
        assert restoring.restore(made.path)["files"] == made.files, "and what is whole can still be restored"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04"])
def test_what_is_no_backup_is_refused_in_a_sentence(app, tmp_path, content):
    (tmp_path / "x.tar").write_bytes(content)
    with pytest.raises(Unusable, match=r"^This [^\n]+\.$"):
        restoring.restore(tmp_path / "x.tar")
    with pytest.raises(Unusable, match="^There is no file"):
        restoring.restore(tmp_path / "nothing.tar")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_old_backups_are_forgotten_and_the_newest_never(app, target, at):
    days = [clock.now() + timedelta(days=n) for n in range(10)]
    for day in days:
        making.back_up(target, day)
    (target / "something else.tar").write_bytes(b"")
    assert making.forget_old(target, days[-1], None, None) == []
    assert len(making.forget_old(target, days[-1], 6, None)) == 4
    assert len(making.forget_old(target, days[-1], 2, 3)) == 2  # those of the last three days, and their limits
    assert len(list(target.glob("msme-calls-*.tar"))) == 4
    assert len(making.forget_old(target, days[-1] + timedelta(days=400), None, 1)) == 3
    assert [p.name for p in sorted(target.iterdir())] == [f"msme-calls-{days[-1]:%Y%m%dT%H%M%SZ}.tar",
                                                          "something else.tar"]  # fmt: skip


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_backup_never_takes_the_place_of_another_file(app, target):
    making.back_up(target / "a.tar", clock.now())
    with pytest.raises(Unusable, match="already"):
        making.back_up(target / "a.tar", clock.now())
    with pytest.raises(Unusable, match="can’t be written"):
        making.back_up(target / "no" / "folder" / "a.tar", clock.now())
    assert [p.name for p in target.iterdir()] == ["a.tar"]


# Taking stock


def aged(path, hours):
    then = (clock.now() - timedelta(hours=hours)).timestamp()
    os.utime(path, (then, then))


def path_of(app, sha256):
    return app.settings.files / sha256[:2] / sha256


@pytest.fixture
def hashes(full):
    return sorted(db.session.scalars(sa.select(StoredFile.sha256)))


def test_damaged_and_missing_files_are_named_and_never_given(full, hashes, target):
    """Threat C23."""
    damaged, missing, *_ = hashes
    content = bytearray(path_of(full, damaged).read_bytes())
    content[100] ^= 1
    path_of(full, damaged).write_bytes(content)
    path_of(full, missing).unlink()
    found = stock.take(clock.now())
    assert (found.damaged, found.missing, found.good) == ([damaged], [missing], len(hashes) - 2)
    made = making.back_up(target, clock.now())
    assert made.lost == sorted([damaged, missing]) and made.files == len(hashes) - 2


def test_what_no_row_names_is_reported_after_a_day_and_taken_away_when_asked(full, hashes):
    names = ["0" * 64, "1" * 64]
    for name in names:
        path_of(full, name).parent.mkdir(exist_ok=True)
        path_of(full, name).write_bytes(b"x")
    leftover, young = incoming(full.settings) / "tmpold", incoming(full.settings) / "tmpyoung"
    leftover.write_bytes(b"x")
    young.write_bytes(b"x")
    for path, hours in (
        (path_of(full, names[0]), 25), (leftover, 25), (path_of(full, hashes[0]), 25),
        (path_of(full, names[1]), 23), (young, 23),
    ):  # fmt: skip
        aged(path, hours)
    found = stock.take(clock.now())
    assert (found.unnamed, found.leftovers) == ([names[0]], [leftover])
    assert path_of(full, names[0]).exists(), "looking changes nothing"
    assert stock.clean(found, clock.now()) == 2
    assert not path_of(full, names[0]).exists() and path_of(full, names[1]).exists()
    assert young.exists() and not leftover.exists() and stock.take(clock.now()).good == len(hashes)


def test_a_content_that_nothing_refers_to_any_more_is_forgotten_with_its_row(full, hashes):
    before = len(hashes)
    db.session.add(StoredFile(sha256="a" * 64, size=1, kind="pdf", stored_at=clock.now() - timedelta(hours=25)))
    db.session.commit()
    path_of(full, "a" * 64).parent.mkdir(exist_ok=True)
    path_of(full, "a" * 64).write_bytes(b"x")
    assert stock.tidy_storage(clock.now()) == 1
    assert not path_of(full, "a" * 64).exists()
    assert len(db.session.scalars(sa.select(StoredFile)).all()) == before
    assert [stock.forget(sha256, clock.now()) for sha256 in hashes] == [False] * before
    assert all(store().size(sha256) for sha256 in hashes)
