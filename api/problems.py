"""Errors as problem documents (RFC 9457), whatever part of the stack they come from."""

import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

from api.auth import Unauthorized
from config.errors import Refused

logger = logging.getLogger(__name__)
CONTENT_TYPE = "application/problem+json"
PREFIX = "/api/"
SENTENCES = {
    400: "The request could not be read: it is not valid JSON or not valid HTTP.",
    403: "This is not allowed.",
    404: "There is nothing at this address.",
    405: "This address does not take this method.",
    413: "The request is larger than the server takes.",
    500: "Something in the dashboard failed. Its log has the details; nothing of your request was kept.",
}


def problem(status: int, code: str, title: str, detail: str, **extra: Any) -> JsonResponse:
    """One problem document."""
    content = {"type": f"urn:alembic-dashboard:{code}", "title": title, "status": status, "detail": detail, "code": code} | extra
    return JsonResponse(content, status=status, content_type=CONTENT_TYPE)


def register(api: NinjaAPI) -> None:
    """Hands our errors and the framework's to the functions below."""
    api.add_exception_handler(Refused, _refused)
    api.add_exception_handler(Unauthorized, _unauthorized)
    api.add_exception_handler(ValidationError, _invalid)
    api.add_exception_handler(HttpError, _http_error)
    api.add_exception_handler(Http404, lambda request, error: _plain(404))
    api.add_exception_handler(Exception, _unexpected)


def _refused(request: HttpRequest, error: Refused | type[Refused]) -> HttpResponse:
    assert isinstance(error, Refused)
    fields = getattr(error, "fields", None)
    return problem(error.status, error.code, error.title, str(error) or error.title, **({"fields": fields} if fields else {}))


def _unauthorized(request: HttpRequest, error: Exception | type[Exception]) -> HttpResponse:
    answer = problem(401, "unauthorized", "No valid token", "Send an API token in the header `Authorization: Bearer TOKEN`.")
    answer["WWW-Authenticate"] = 'Bearer realm="Alembic Dashboard"'
    return answer


def _invalid(request: HttpRequest, error: ValidationError | type[ValidationError]) -> HttpResponse:
    """Names each field; never repeats a value, for one may be a password."""
    assert isinstance(error, ValidationError)
    fields = {".".join(str(part) for part in item["loc"][1:] if part != "payload") or "body": item["msg"] for item in error.errors}
    detail = "; ".join(f"{name}: {message}" for name, message in fields.items())[:1000]
    return problem(422, "invalid", "The input is not valid", detail or "The input is not valid.", fields=fields)


def _http_error(request: HttpRequest, error: HttpError | type[HttpError]) -> HttpResponse:
    assert isinstance(error, HttpError)
    return _plain(error.status_code, str(error))


def _unexpected(request: HttpRequest, error: Exception | type[Exception]) -> HttpResponse:
    logger.error("%s %s failed", request.method, request.path, exc_info=error if isinstance(error, Exception) else None)
    return _plain(500)


def _plain(status: int, detail: str = "") -> JsonResponse:
    title = HTTPStatus(status).phrase
    return problem(status, title.lower().replace(" ", "_"), title, detail or SENTENCES.get(status, title))


class ProblemMiddleware:
    """Turns what Django itself answers under /api/ (no such address, a method not taken, a broken request) into a problem."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        answer = self.get_response(request)
        if request.path.startswith(PREFIX) and answer.status_code >= 400 and not answer.get("Content-Type", "").startswith(CONTENT_TYPE):
            plain = _plain(answer.status_code)
            if "Allow" in answer:
                plain["Allow"] = answer["Allow"]
            return plain
        return answer
