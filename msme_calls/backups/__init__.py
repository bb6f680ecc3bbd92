"""Backups: everything an installation keeps, in one archive, and an installation made from one.

The same rows in the same form whatever database they come from, read in one snapshot, so that a backup made on SQLite
can be restored to PostgreSQL and the other way round, with nothing but this package.
"""


class Unusable(Exception):
    """What was asked for can't be done; the message is a sentence for whoever asked."""
