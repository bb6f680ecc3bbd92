"""A call as one file: everything a coordinator sets, for another year, another site, or an editor of text.

`shape` says what the file looks like (pydantic, imported only when a file is read or written), `checks` what else must
hold, `reading` makes one of a text, `differences` tells what taking it over would change.
"""

MOST_BYTES = 1_500_000  # of a file
FORMAT, VERSION = "msme-calls-call", 1
