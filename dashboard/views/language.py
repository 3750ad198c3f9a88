"""The switch RU | EN: of a signed-in reader it is kept, of a stranger in a cookie alone."""

from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from accounts.models import User
from accounts.services import set_preferences
from config.errors import Invalid


@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    """`next` is the way back. The cookie is for the sign-in page, which does not know who comes."""
    language = request.POST.get("language", "")
    if language not in dict(settings.LANGUAGES):
        raise Invalid("There is no such language.")
    if isinstance(request.user, User):
        set_preferences(request.user, language=language)
    answer = HttpResponseRedirect(_back(request))
    answer.status_code = HTTPStatus.SEE_OTHER
    answer.set_cookie(
        settings.LANGUAGE_COOKIE_NAME, language, max_age=settings.LANGUAGE_COOKIE_AGE, secure=settings.LANGUAGE_COOKIE_SECURE,
        httponly=settings.LANGUAGE_COOKIE_HTTPONLY, samesite="Lax",
    )  # fmt: skip
    return answer


def _back(request: HttpRequest) -> str:
    target = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return target if safe else resolve_url("home")
