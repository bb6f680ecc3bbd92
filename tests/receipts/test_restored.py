"""A restored machine verifies every receipt of before, signs with a key of its own, and no backup can sign."""

import tarfile

import pytest
import world
from applications import build, close

from msme_calls import clock, keys
from msme_calls.backups import making, restoring
from msme_calls.extensions import db
from msme_calls.proposals import actions
from msme_calls.proposals.receipts import check


@pytest.mark.parametrize("to", ["sqlite", "postgresql"])
def test_receipts_of_before_hold_on_a_restored_machine(app, version, tmp_path, databases, to):
    """Threat C22."""
    text, key = version.receipt, keys.here(keys.Use.RECEIPTS)
    made = making.back_up(tmp_path / "backup.tar", clock.now())
    private = (app.settings.data / "keys" / "receipts.pem").read_bytes().split(b"\n")[1]
    with tarfile.open(made.path) as archive:
        assert not any("keys/" in name for name in archive.getnames())
    assert private not in made.path.read_bytes()
    folder = tmp_path / "new"
    folder.mkdir()
    url = f"sqlite:///{folder / 'new.sqlite3'}" if to == "sqlite" else databases.empty_postgresql()
    restored = build(url, folder)
    with restored.app_context():
        restoring.restore(made.path)
        assert check(text.encode(), [k.public for k in keys.known()]).valid
        draft = world.draft(world.call("open"))
        later = actions.submit(draft, "k", by=draft.owner, at=clock.now())
        db.session.commit()
        assert check(later.receipt.encode(), [k.public for k in keys.known()]).valid
        assert keys.here(keys.Use.RECEIPTS) != key and len(keys.known()) == 2
        db.session.remove()
    close(restored)
