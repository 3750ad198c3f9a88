"""The web application, for gunicorn."""

import os
from collections.abc import Callable, Iterable
from typing import Any

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]


def without_body(answers: Wsgi) -> Wsgi:
    """An answer to HEAD is its headers alone. Django leaves that to the server, and gunicorn sends what it is given: on a connection
    that is kept, the body would be taken for the beginning of the next answer, which may be somebody else's behind a proxy."""

    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        body = answers(environ, start_response)
        if environ["REQUEST_METHOD"] != "HEAD":
            return body
        if close := getattr(body, "close", None):
            close()
        return []

    return answer


application = without_body(get_wsgi_application())
get_resolver().reverse_dict  # noqa: B018 - reads all pages now, once for all of gunicorn's processes, not each at its first request
