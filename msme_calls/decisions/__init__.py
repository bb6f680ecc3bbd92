"""Decisions: outcomes proposed, confirmed by a second coordinator, and sealed for their instant."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Register the feature's pages."""
    from msme_calls.decisions import models  # noqa: F401  its tables
