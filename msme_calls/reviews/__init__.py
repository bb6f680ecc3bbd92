"""Reviews: who judges what, the score sheets, and the ranking that follows from them."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Register the feature's pages."""
    from msme_calls.reviews import models  # noqa: F401  its tables
