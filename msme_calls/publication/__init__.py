"""What the world sees: home, calls, results, the archive; and each person's own work."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Register the feature's pages."""
    from msme_calls.publication import held, kept, meetings, results, views, work  # noqa: F401  they add their pages to `views.bp`

    from msme_calls.publication import verify  # noqa: F401

    kept.init_app(app)

    app.register_blueprint(views.front)
    app.register_blueprint(views.bp)
    app.register_blueprint(results.bp)
