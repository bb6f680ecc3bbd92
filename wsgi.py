"""The application for WSGI servers. What is made here, gunicorn's workers share if it loads it before it forks."""

import gc

import huey  # noqa: F401  what is loaded later, each worker has for itself

from msme_calls import create_app, jobs, reading, warming

app = create_app()
jobs.init_app(app)
warming.warm(app)
reading.share()
gc.collect()
gc.set_threshold(5000, 20, 50)  # a request makes thousands of objects that it drops by itself: looking costs more
gc.freeze()  # a collection that passes over it leaves its pages shared
