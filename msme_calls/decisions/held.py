"""What decisions hold of a person: that she took part. It stays, as the record of the result, without her name."""

from msme_calls import personal


class Decisions(personal.Holding):
    name = "decisions"  # what she did there is among the acts of her account
    columns = frozenset(
        {"decisions.decided_by_id", "resolutions.proposed_by_id", "resolutions.confirmed_by_id", "seals.sealed_by_id",
         "seals.unsealed_by_id", "seals.unseal_asked_by_id"}
    )  # fmt: skip
