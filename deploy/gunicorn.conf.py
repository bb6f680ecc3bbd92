"""gunicorn as MSME Calls wants it: `gunicorn -c deploy/gunicorn.conf.py wsgi:app`, behind a proxy that buffers."""

import os

bind = f"{os.environ.get('MSME_HOST') or '127.0.0.1'}:{os.environ.get('MSME_PORT') or '8000'}"
workers = int(os.environ.get("WEB_CONCURRENCY") or 3)
worker_class = "gthread"
threads = int(os.environ.get("MSME_THREADS") or 8)
preload_app = True  # loaded once: three workers need half the memory. New code needs a restart, not a reload
timeout = 60  # seconds after which a worker that gives no sign is replaced
graceful_timeout = 20  # seconds that requests in flight may take at the end
keepalive = 35  # longer than the proxy keeps its connections, so that none is closed under a request
control_socket_disable = True
worker_tmp_dir = (
    "/dev/shm" if os.path.isdir("/dev/shm") else None
)  # a full or slow disk must not look like a dead worker
accesslog = None  # the application logs each request once
