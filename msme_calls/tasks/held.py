"""What tasks hold of a person: that she handed something in. It stays with her proposal, without her name."""

from msme_calls import personal


class Tasks(personal.Holding):
    name = "tasks"  # what was handed in is among the files and acts of her account
    columns = frozenset({"tasks_done.done_by_id"})
