"""In which language a page speaks: the one its reader has chosen, else this browser's last choice, else what the browser asks for.

Pages alone: the API, the health check, the workers and the commands speak English to everyone (ADR 25).
"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.cache import patch_vary_headers

SILENT = ("/api/", "/healthz", "/static/")


class LanguageMiddleware:
    """Django's own would translate the API too. Behind authentication, as it asks who reads; the language ends with the answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith(SILENT):
            return self.get_response(request)
        with translation.override(chosen_language(request)):
            answer = self.get_response(request)
            answer.headers.setdefault("Content-Language", translation.get_language() or "en")
        patch_vary_headers(answer, ["Accept-Language", "Cookie"])
        return answer


def chosen_language(request: HttpRequest) -> str:
    kept = getattr(request.user, "language", "")
    return kept or translation.get_language_from_request(request)
