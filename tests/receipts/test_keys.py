"""Keys are replaced, lost, copied and mistaken for one another; what they signed before stays provable.

Threat A21.
"""

import base64
import json
import stat
import threading
from datetime import timedelta

import pytest
import world
from click.testing import CliRunner

from msme_calls import cli, clock, keys
from msme_calls.extensions import db
from msme_calls.keys import Use
from msme_calls.proposals import actions, receipts
from msme_calls.settings import Settings, SettingsError


@pytest.fixture
def run(app, database, tmp_path, monkeypatch):
    monkeypatch.setenv("MSME_ENV", "test")  # its clock is that of the test
    monkeypatch.setenv("MSME_DATABASE_URL", database)
    monkeypatch.setenv("MSME_DATA", str(app.settings.data))

    def command(*arguments):
        db.session.rollback()
        done = CliRunner().invoke(cli.main, [str(a) for a in arguments])
        db.session.expire_all()
        return done

    return command


@pytest.fixture
def receipt_file(version, tmp_path):
    file = tmp_path / "receipt.json"
    file.write_text(version.receipt)
    return file


@pytest.fixture
def key_file(version, run, tmp_path):
    file = tmp_path / "keys.json"
    file.write_text(run("keys", "list", "--json").output)
    return file


def submitted():
    draft = world.draft(world.call("open"))
    made = actions.submit(draft, "k", by=draft.owner, at=clock.now())
    db.session.commit()
    return made


def finding(version):
    return receipts.check(version.receipt.encode(), [k.public for k in keys.known()]).finding.value


def test_the_private_half_is_for_its_owner_alone(app, version):
    path = app.settings.data / "keys" / "receipts.pem"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) & 0o077 == 0
    assert [p.name for p in path.parent.iterdir()] == ["receipts.pem"]
    path.chmod(0o644)
    app.extensions.pop("signing_keys")
    assert keys.signer(Use.RECEIPTS, clock.now())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_processes_that_need_a_first_key_at_once_share_one(app):
    names, gate = set(), threading.Barrier(8)

    def need():
        with app.app_context():
            app.extensions["signing_keys"] = {}
            gate.wait(10)
            names.add(keys._held(Use.RECEIPTS).kid)

    threads = [threading.Thread(target=need) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert names == {keys.here(Use.RECEIPTS)}


def test_after_a_rotation_old_receipts_hold_and_new_ones_are_signed_with_the_new_key(app, version, run, at):
    former = keys.here(Use.RECEIPTS)
    at((clock.now() + timedelta(hours=1)).isoformat())
    done = run("keys", "rotate", "receipts")
    assert done.exit_code == 0, done.output
    later = submitted()
    assert keys.here(Use.RECEIPTS) != former
    assert (finding(version), finding(later)) == ("valid", "valid")
    assert json.loads(later.receipt)["receipt"]["key"] == keys.here(Use.RECEIPTS) in done.output
    assert [k.until is None for k in keys.known()] == [False, True]


def test_a_retired_key_signs_nothing_more_and_its_proposals_are_received_all_the_same(app, version, run):
    assert run("keys", "retire", keys.here(Use.RECEIPTS)).exit_code == 0
    assert submitted().receipt is None
    assert finding(version) == "valid"
    assert run("keys", "retire", "unknown").exit_code == 1


def test_whoever_watches_is_told_that_submissions_get_no_receipt(app, client):
    """They are received all the same, and nobody might notice for days."""
    signs = lambda: (client.get("/readyz").status_code, client.get("/readyz").get_json()["receipts"])  # noqa: E731
    folder = app.settings.data / "keys"
    assert signs() == (200, True) and not folder.exists(), "the first key is made when it is needed"
    submitted()
    assert signs() == (200, True)
    keys.retire(keys.here(Use.RECEIPTS), clock.now())
    db.session.commit()
    assert (submitted().receipt, signs()) == (None, (503, False))
    keys.rotate(Use.RECEIPTS, clock.now)
    db.session.commit()
    assert (submitted().receipt is not None, signs()) == (True, (200, True))
    (folder / "receipts.pem").write_text("nothing")
    assert signs() == (503, False)


def test_what_is_signed_with_the_former_key_while_it_is_replaced_stays_valid(app, version, monkeypatch, at):
    """Making a key takes a while: whoever submits meanwhile still finds the former one."""
    write, meanwhile = keys._write, []

    def slow(path, replace=False):
        at((clock.now() + timedelta(seconds=1)).isoformat())
        meanwhile.append(submitted())
        write(path, replace)

    monkeypatch.setattr(keys, "_write", slow)
    keys.rotate(Use.RECEIPTS, clock.now)
    db.session.commit()
    assert (finding(version), finding(meanwhile[0])) == ("valid", "valid")


def test_a_full_disk_leaves_nothing_of_a_key_behind(app, monkeypatch):
    monkeypatch.setattr(keys.os, "fsync", lambda fd: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    assert keys.signer(Use.RECEIPTS, clock.now()) is None
    assert list((app.settings.data / "keys").iterdir()) == []


def test_a_key_that_is_lost_is_followed_by_another_and_its_receipts_still_hold(app, version):
    (app.settings.data / "keys" / "receipts.pem").unlink()
    later = submitted()
    assert (finding(version), finding(later)) == ("valid", "valid")
    assert len(keys.known(Use.RECEIPTS)) == 2


def test_a_file_that_holds_no_key_signs_nothing(app):
    path = app.settings.data / "keys" / "receipts.pem"
    path.parent.mkdir()
    path.write_text("nothing")
    assert submitted().receipt is None


def test_machines_that_share_a_key_by_setting_sign_alike(make_app):
    seed = base64.b64encode(bytes(range(32))).decode()
    names = set()
    for _machine in range(2):
        app = make_app(receipt_key=seed)
        with app.app_context():
            names.add(json.loads(submitted().receipt)["receipt"]["key"])
            assert not (app.settings.data / "keys").exists()
            with pytest.raises(keys.Unfit, match="MSME_RECEIPT_KEY"):
                keys.rotate(Use.RECEIPTS, clock.now)
    assert len(names) == 1


@pytest.mark.parametrize("name", ["receipt_key", "results_key"])
@pytest.mark.parametrize("given", ["x", base64.b64encode(bytes(31)).decode()])
def test_a_setting_that_is_no_key_is_refused_with_a_sentence(name, given):
    with pytest.raises(SettingsError, match=f"MSME_{name.upper()} must be 32 bytes"):
        Settings(env="test", **{name: given})


def test_one_key_for_both_uses_is_refused(app):
    seed = base64.b64encode(bytes(32)).decode()
    with pytest.raises(SettingsError, match="must differ"):
        Settings(env="test", receipt_key=seed, results_key=seed)
    held = keys.signer(Use.RECEIPTS, clock.now())
    with pytest.raises(keys.Unfit, match="not for results"):
        keys.publish(held, Use.RESULTS, clock.now())


def test_results_are_not_signed_while_a_page_is_made(app):
    with app.test_request_context("/"), pytest.raises(RuntimeError):
        keys.signer(Use.RESULTS, clock.now())
    assert keys.signer(Use.RESULTS, clock.now()), "a command may"


def test_keys_are_listed_with_what_they_sign(version, run):
    listed = run("keys", "list").output
    assert keys.here(Use.RECEIPTS) in listed and "receipts" in listed and "private half here" in listed


def test_verify_says_what_a_receipt_proves(version, receipt_file, run):
    done = run("verify", receipt_file)
    assert done.exit_code == 0, done.output
    assert done.output.startswith("This receipt is valid.\n")
    assert version.proposal.reference in done.output and version.digest in done.output


def test_verify_needs_no_installation_where_a_key_set_is_given(receipt_file, key_file, run, monkeypatch):
    monkeypatch.setenv("MSME_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
    done = run("verify", receipt_file, "--keys", key_file)
    assert (done.exit_code, done.output.splitlines()[0]) == (0, "This receipt is valid.")


@pytest.mark.parametrize(
    ("old", "new", "code", "sentence"),
    [
        ('"submission":1', '"submission":2', 1, "was changed"),
        ('"submission":1', '"submission":"1"', 1, "The place is “receipt.submission”."),
        ("msme-calls-receipt", "something", 2, "holds no receipt"),
    ],
)
def test_verify_says_what_is_wrong(receipt_file, key_file, run, old, new, code, sentence):
    receipt_file.write_text(receipt_file.read_text().replace(old, new))
    done = run("verify", receipt_file, "--keys", key_file)
    assert done.exit_code == code and sentence in done.output


def test_verify_trusts_only_the_keys_it_is_given(receipt_file, key_file, run, tmp_path):
    none, junk = tmp_path / "none.json", tmp_path / "junk.json"
    none.write_text('{"keys": []}')
    junk.write_text("{}")
    refused = run("verify", receipt_file, "--keys", none)
    assert refused.exit_code == 1 and "No known key" in refused.output
    assert run("verify", receipt_file, "--keys", junk).exit_code == 2


def test_a_key_set_whose_instants_say_no_zone_is_none(receipt_file, key_file, run, tmp_path):
    told = json.loads(key_file.read_text())
    told["keys"][0]["until"] = "2030-01-01T00:00:00"
    (tmp_path / "other.json").write_text(json.dumps(told))
    done = run("verify", receipt_file, "--keys", tmp_path / "other.json")
    assert (done.exit_code, "is no key set" in done.output) == (2, True)


def test_a_name_in_a_receipt_writes_nothing_else_to_the_terminal(app, tmp_path, run):
    held = keys.signer(Use.RECEIPTS, clock.now())
    db.session.commit()
    said = receipts.composed(
        site="s", call={"slug": "s\x1b[2J", "title": {}, "zone": "UTC"}, reference="r", number=1, at=clock.now(),
        digest="ab" * 32, files=[{"name": "a\nThis receipt is valid.\u202e", "sha256": "ab" * 32, "size": 1}],
        kid=held.kid,
    )  # fmt: skip
    file = tmp_path / "r.json"
    file.write_text(receipts.signed(said, held.sign))
    output = run("verify", file).output
    assert "\x1b" not in output and "\u202e" not in output and output.count("This receipt is valid.\n") == 1
