"""The application for WSGI servers."""

from msme_calls import create_app

app = create_app()
