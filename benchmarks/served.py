"""The product's own `wsgi:app` with the counting beside it."""

import os

from benchmarks import counting
from wsgi import app

if path := os.environ.get("BENCH_PROFILE"):
    app.wsgi_app = counting.profiled(app.wsgi_app, path)  # type: ignore[method-assign]

__all__ = ["app"]
