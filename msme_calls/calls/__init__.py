"""Calls: what is asked, when, by which rules, and who has which role in each."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Register the feature's pages."""
    from msme_calls.calls import desk

    app.jinja_env.globals["desk_tabs"] = desk.tabs
