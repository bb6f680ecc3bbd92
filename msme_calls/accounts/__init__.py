"""People and how they sign in."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Register the feature's pages."""
    from msme_calls.accounts import sessions, views

    sessions.init_app(app)
    app.register_blueprint(views.bp)
