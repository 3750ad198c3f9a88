"""What holds for every page: who may come in, in which zone times are told, what is cached, how a refusal looks."""

import re
import zoneinfo
from collections.abc import Callable
from urllib.parse import urlencode, urlsplit

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _

from accounts.models import User
from config.errors import Invalid, NotFound, Refused
from dashboard.requests import ReauthenticationNeeded

# UTF-8 of U+202A to U+202E and U+2066 to U+2069, which make text read in another order than it is written in.
BIDI = re.compile(rb"\xe2\x80[\xaa-\xae]|\xe2\x81[\xa6-\xa9]")
OPEN = ("/healthz", "/static/", "/api/")


class PageMiddleware:
    """Pages are for people who are signed in, are never cached, and end in a sentence where something is refused."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if _is_open(request):
            return self.get_response(request)
        if not request.user.is_authenticated:
            return _to_sign_in(request)
        with timezone.override(_zone(request.user)):
            answer = self.get_response(request)
        _show_bidi(answer)
        answer.setdefault("Cache-Control", "no-store")
        patch_vary_headers(answer, ["HX-Request"])
        return answer

    def process_view(self, request: HttpRequest, *_view: object) -> HttpResponse | None:
        """NUL is typed by nobody, and no store that is asked for it answers."""
        if "\0" in request.path:
            return _refusal(request, NotFound(_("There is no such page.")))
        if not _is_open(request) and _holds_nul(request):
            return _refusal(request, Invalid(_("The request holds NUL, which no text here can hold. Nothing was changed.")))
        return None

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, ReauthenticationNeeded):
            return _password_again(request, error.refused)
        if not isinstance(error, Refused) or request.path.startswith("/api/"):
            return None
        return _refusal(request, error)


def _is_open(request: HttpRequest) -> bool:
    return request.path in ("/sign-in", "/language") or request.path.startswith(OPEN)


def _password_again(request: HttpRequest, refused: Refused | None) -> HttpResponse:
    """Asks for the password: what was posted stays in the form, so that it is posted again as it was. A fragment sends the whole page."""
    if request.headers.get("HX-Request"):
        back = urlsplit(request.headers.get("HX-Current-URL", "")).path or "/"
        answer = HttpResponse(status=401)
        answer["HX-Redirect"] = f"{resolve_url('sign-in-again')}?{urlencode({'next': back})}"
        return answer
    if request.method == "GET" and request.path != resolve_url("sign-in-again"):
        return redirect(f"{resolve_url('sign-in-again')}?{urlencode({'next': request.get_full_path()})}")
    left_out = ("csrfmiddlewaretoken", "password_again")
    sent = [(name, text) for name, texts in request.POST.lists() for text in texts if name not in left_out]
    status = refused.status if refused else 200 if request.method == "GET" else 403
    return render(request, "dashboard/sign_in_again.html", {"sent": sent, "refused": refused}, status=status)


def _show_bidi(answer: HttpResponse) -> None:
    """Whoever approves SQL or code has to see what it is, not what it pretends to be: such characters are written out, as \\u202e."""
    if not answer.streaming and answer.get("Content-Type", "").startswith("text/") and BIDI.search(answer.content):
        answer.content = BIDI.sub(lambda match: f"\\u{ord(match[0].decode()):04x}".encode(), answer.content)


def _refusal(request: HttpRequest, error: Refused) -> HttpResponse:
    template = "components/refused.html" if request.headers.get("HX-Request") else "dashboard/refused.html"
    return render(request, template, {"refused": error}, status=error.status)


def _holds_nul(request: HttpRequest) -> bool:
    sent = [text for data in (request.GET, request.POST) for name, texts in data.lists() for text in (name, *texts)]
    return any("\0" in text for text in sent)


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    """A fragment must not get the sign-in page in its place, nor its page be lost: app.js says that the session is over."""
    if request.headers.get("HX-Request"):
        return HttpResponse(status=401)
    return redirect_to_login(request.get_full_path() if request.method == "GET" else "/")


def _zone(user: object) -> zoneinfo.ZoneInfo:
    name = user.time_zone if isinstance(user, User) else ""
    return zoneinfo.ZoneInfo(name or "UTC")
