"""Proposals: what applicants write, hand in, take back and restore."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Register the feature's pages."""
    from msme_calls.proposals import mails  # noqa: F401  registers them
