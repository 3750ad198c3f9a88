"""Errors as problem documents (RFC 9457), whatever part of the stack they come from."""

import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import Error as StoreError
from django.db import InterfaceError, InternalError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

from api.auth import Unauthorized
from api.schemas import Problem
from config import trouble
from config.errors import Refused

logger = logging.getLogger(__name__)
CONTENT_TYPE = "application/problem+json"
PREFIX = "/api/"
SENTENCES = {
    400: "The request could not be read: its address, its headers or its body are not valid HTTP.",
    403: "This is not allowed.",
    404: "There is nothing at this address.",
    405: "This address does not take this method.",
    413: "The request is larger than the server takes.",
    500: "Something in the dashboard failed. Its log has the details; nothing of your request was kept.",
    503: (
        "The dashboard's own store does not answer, or takes no writes. This request has touched no database, and jobs that run go on. "
        "GET /healthz says when the store is back: look then whether the request was kept, and send it again if it was not."
    ),
}
AWAY = (OperationalError, InterfaceError, InternalError)
TITLES = {413: "Content Too Large"}  # Python's name for it changed in 3.13, and a code must not
MOMENT = "This has to be a time with its zone in ISO 8601, such as 2026-12-31T22:00:00Z."
# By the framework's name of what is wrong with a field; what it says itself is for programmers, and may repeat a value.
WORDS = {
    "missing": "This is needed.",
    "extra_forbidden": "There is no such field.",
    "string_type": "This has to be text.",
    "string_too_long": "This is longer than {max_length} characters.",
    "string_pattern_mismatch": "This holds a character that is not taken here.",
    "string_unicode": "This is not valid text.",
    "int_type": "This has to be a whole number.",
    "int_parsing": "This has to be a whole number.",
    "int_parsing_size": "This number is too large.",
    "int_from_float": "This has to be a whole number.",
    "bool_type": "This has to be true or false.",
    "list_type": "This has to be a list.",
    "dict_type": "This has to be an object.",
    "model_type": "This has to be an object.",
    "model_attributes_type": "This has to be an object.",
    "union_tag_invalid": "Its {discriminator} has to be one of {expected_tags}.",
    "union_tag_not_found": "It needs a {discriminator}.",
    "greater_than_equal": "This has to be {ge} or more.",
    "less_than_equal": "This has to be {le} or less.",
    **dict.fromkeys(("moment", "timezone_aware", "datetime_type", "datetime_parsing", "datetime_from_date_parsing"), MOMENT),
    "too_long": "This holds more than {max_length} entries.",
}
TAGS = ("payload", "directory", "git")  # parts of a field's place that are the framework's, not the body's


def problem(status: int, code: str, title: str, detail: str, errors: dict[str, str] | None = None) -> JsonResponse:
    """One problem document."""
    kind = f"urn:alembic-dashboard:{code}"
    content = Problem(type=kind, title=title, status=status, detail=detail, code=code, errors=errors or None)
    return JsonResponse(content.model_dump(exclude_none=True), status=status, content_type=CONTENT_TYPE)


def register(api: NinjaAPI) -> None:
    """Hands our errors and the framework's to the functions below."""
    api.add_exception_handler(Refused, _refused)
    api.add_exception_handler(Unauthorized, _unauthorized)
    api.add_exception_handler(ValidationError, _invalid)
    api.add_exception_handler(HttpError, _http_error)
    api.add_exception_handler(Http404, lambda request, error: _plain(404))
    api.add_exception_handler(RequestDataTooBig, lambda request, error: _plain(413))
    api.add_exception_handler(SuspiciousOperation, lambda request, error: _plain(400))
    api.add_exception_handler(UnreadablePostError, lambda request, error: _plain(400))
    for kind in AWAY:
        api.add_exception_handler(kind, _store_away)
    api.add_exception_handler(Exception, _unexpected)


def _refused(request: HttpRequest, error: Refused | type[Refused]) -> HttpResponse:
    assert isinstance(error, Refused)
    return problem(error.status, error.code, error.title, str(error) or error.title, getattr(error, "fields", None))


def _unauthorized(request: HttpRequest, error: Exception | type[Exception]) -> HttpResponse:
    answer = problem(401, "unauthorized", "No valid token", "Send an API token in the header `Authorization: Bearer TOKEN`.")
    answer["WWW-Authenticate"] = 'Bearer realm="Alembic Dashboard"'
    return answer


def _invalid(request: HttpRequest, error: ValidationError | type[ValidationError]) -> HttpResponse:
    """Names each field; never repeats a value, for one may be a password."""
    assert isinstance(error, ValidationError)
    errors = {_place(item["loc"]): _sentence(item) for item in error.errors}
    detail = " ".join(f"{name}: {sentence}" for name, sentence in errors.items())
    return problem(422, "invalid", "The input is not valid", detail if len(detail) <= 1000 else f"{detail[:999]}…", errors)


def _place(parts: tuple[Any, ...]) -> str:
    return ".".join(str(part)[:60] for part in parts[1:] if part not in TAGS) or "body"


def _sentence(item: dict[str, Any]) -> str:
    words = WORDS.get(item["type"])
    return words.format(**item.get("ctx", {})) if words else f"{item['msg'].rstrip('.')}."


def _http_error(request: HttpRequest, error: HttpError | type[HttpError]) -> HttpResponse:
    """The framework wraps what the parser says about a body."""
    assert isinstance(error, HttpError)
    if isinstance(error.__cause__, Refused):
        return _refused(request, error.__cause__)
    return _plain(error.status_code, str(error))


def _unexpected(request: HttpRequest, error: Exception | type[Exception]) -> HttpResponse:
    logger.error("%s %s failed", request.method, request.path, exc_info=error if isinstance(error, Exception) else None)
    return _plain(500)


def _store_away(request: HttpRequest, error: Exception | type[Exception]) -> HttpResponse:
    """A store that is down, full, locked or read-only is the operator's to mend, whose log says with what."""
    assert isinstance(error, StoreError)
    logger.error("%s %s failed. %s", request.method, request.path, trouble.of_store(error), exc_info=error)
    return _plain(503)


def _plain(status: int, detail: str = "") -> JsonResponse:
    title = TITLES.get(status) or HTTPStatus(status).phrase
    return problem(status, title.lower().replace(" ", "_"), title, detail or SENTENCES.get(status, f"{title}."))


class ProblemMiddleware:
    """Turns what Django itself answers under /api/ (no such address, a method not taken, a broken request) into a problem."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path.startswith(PREFIX):
            return self.get_response(request)
        if "%00" in request.META.get("QUERY_STRING", "") or "\0" in request.path:
            return problem(400, "unreadable", "The address cannot be read", "The address holds NUL, which no text here can hold.")
        if request.method == "HEAD":
            request.method = "GET"  # what may be got may be asked for its headers; config.wsgi leaves the body out
        answer = self.get_response(request)
        if answer.status_code < 400 or answer.get("Content-Type", "").startswith(CONTENT_TYPE):
            return answer
        plain = _plain(answer.status_code)
        if "Allow" in answer:
            plain["Allow"] = answer["Allow"]
        return plain
