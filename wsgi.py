"""The application for WSGI servers. What is made here, gunicorn's workers share if it loads it before it forks."""

import gc

import huey  # noqa: F401  what is loaded later, each worker has for itself
from sqlalchemy.orm import configure_mappers

from msme_calls import create_app, i18n, jobs, reading
from msme_calls.extensions import LANGUAGES

app = create_app()
jobs.init_app(app)
configure_mappers()
for name in app.jinja_env.list_templates(filter_func=lambda name: not name.startswith("pdf/")):  # those are typst’s
    app.jinja_env.get_template(name)  # compiled now: whoever comes first need not wait for it
with app.app_context():
    for lang in LANGUAGES:
        with i18n.use(lang):
            i18n.gettext("Save")  # the whole catalogue is read
            i18n.economies(lang)
reading.share()
gc.collect()
gc.set_threshold(5000, 20, 50)  # a request makes thousands of objects that it drops by itself: looking costs more
gc.freeze()  # a collection that passes over it leaves its pages shared
