"""A server makes what its processes share before they are forked, and needs no database for it."""

from pathlib import Path

import sqlalchemy as sa
from structlog.testing import capture_logs

from msme_calls import assets, create_app, warming
from msme_calls.extensions import db
from msme_calls.settings import Settings


def test_a_server_is_made_ready_without_its_database(tmp_path: Path) -> None:
    nowhere = "postgresql+psycopg://nobody@127.0.0.1:1/nothing"
    app = create_app(Settings(data=tmp_path, database_url=nowhere, log_level="WARNING"))
    asked: list[object] = []
    with app.app_context():
        sa.event.listen(db.engine, "do_connect", lambda *given: asked.append(given))
    assets._read.cache_clear()

    with capture_logs() as said:
        warming.warm(app)

    assert not asked
    assert not said  # each page could be drawn
    assert set(app.extensions["absent_pages"]) == {"en", "fr", "es"}
    assert assets._read.cache_info().currsize == len(assets._NAMES)
