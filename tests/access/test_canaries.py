"""The world holds a word in every text of the database, so that no leak goes unseen."""

from typing import Any

import sqlalchemy as sa
from canaries import written

from msme_calls.extensions import Base, db


def test_every_text_that_people_write_has_a_word_in_it(seen: Any) -> None:
    bare = []
    for table in (t for t in Base.metadata.sorted_tables if written(t)):
        rows = db.session.execute(sa.select(*written(table))).mappings().all()
        named = [c for c in written(table) if not any(seen.cast.canaries.found(str(r[c.name])) for r in rows)]
        bare += [f"{table.name}.{c.name}" for c in named]
    assert bare == [], "give each a word in tests/access/cast.py, or name it in MACHINE of tests/canaries.py"
