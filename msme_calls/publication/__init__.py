"""What the world sees: home, calls, results, the archive; and each person's own work."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Register the feature's pages."""
    from msme_calls.publication import blank_form, held, kept, meetings, results, verify, views, work

    assert blank_form and held and meetings and verify and work  # imported for their registrations
    kept.init_app(app)

    app.register_blueprint(views.front)
    app.register_blueprint(views.bp)
    app.register_blueprint(results.bp)
