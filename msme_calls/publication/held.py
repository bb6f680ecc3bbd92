"""What the archive holds of a person: that she recorded an edition. It stays, without her name."""

from msme_calls import personal


class Archive(personal.Holding):
    name = "archive"
    columns = frozenset({"past_editions.recorded_by_id"})
