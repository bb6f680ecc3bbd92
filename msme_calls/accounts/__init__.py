"""People and how they sign in."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Register the feature's pages."""
    from msme_calls.accounts import views

    app.register_blueprint(views.bp)
