"""The web application, for gunicorn."""

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_wsgi_application()
get_resolver().reverse_dict  # noqa: B018 - reads all pages now, once for all of gunicorn's processes, not each at its first request
