"""People and how they sign in."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Register the feature's pages, mails and sweeps."""
    from msme_calls.accounts import address, expiry, factor_mails, held, leaving, mails, organisation, sessions, views

    assert address and expiry and factor_mails and held and leaving and mails
    sessions.init_app(app)
    organisation.init_app(app)
    views.proving.init_app(app)
    app.register_blueprint(views.bp)
