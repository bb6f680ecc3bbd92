"""The application for WSGI servers. What is made here, gunicorn's workers share if it loads it before it forks."""

import gc

from sqlalchemy.orm import configure_mappers

from msme_calls import create_app, jobs, reading

app = create_app()
jobs.init_app(app)
configure_mappers()
for name in app.jinja_env.list_templates():
    app.jinja_env.get_template(name)  # compiled now: whoever comes first need not wait for it
reading.share()
gc.collect()
gc.freeze()  # a collection that passes over it leaves its pages shared
