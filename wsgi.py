"""The application for WSGI servers."""

from msme_calls import create_app, jobs

app = create_app()
jobs.init_app(app)
