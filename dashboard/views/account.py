"""One's own preferences and API tokens."""

import zoneinfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from accounts import services
from accounts.models import Theme
from config.errors import Refused
from dashboard.requests import require_fresh, user_of


@require_http_methods(["GET", "POST"])
def account(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    if request.method == "POST":
        services.set_preferences(user, theme=request.POST.get("theme", ""), time_zone=request.POST.get("time_zone", ""))
        messages.success(request, "Saved.")
        return redirect("account")
    return _page(request)


@require_POST
def create_token(request: HttpRequest) -> HttpResponse:
    """Shows the new token in the answer itself: it is kept nowhere and can be shown only now.

    A token is asked for no password later, so a session alone must not be enough to make one.
    """
    require_fresh(request)
    user = user_of(request)
    try:
        _, plain = services.create_token(user, by=user, name=request.POST.get("name", ""))
    except Refused as refused:
        return _page(request, refused=refused, status=refused.status)
    return _page(request, plain=plain)


@require_POST
def revoke_token(request: HttpRequest, id: int) -> HttpResponse:
    user = user_of(request)
    services.revoke_token(user, id, by=user)
    messages.success(request, "The token was revoked.")
    return redirect("account")


def _page(request: HttpRequest, *, plain: str = "", refused: Refused | None = None, status: int = 200) -> HttpResponse:
    zones = sorted(zoneinfo.available_timezones())
    context = {"tokens": list(user_of(request).tokens.all()), "themes": Theme.choices, "zones": zones, "plain": plain, "refused": refused}
    return render(request, "dashboard/account.html", context, status=status)
