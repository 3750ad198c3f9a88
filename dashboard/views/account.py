"""One's own preferences and API tokens."""

import zoneinfo

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts import people, queries, services
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


@sensitive_post_parameters("password")
@require_POST
def change_password(request: HttpRequest) -> HttpResponse:
    """This browser stays signed in, all others end."""
    user = user_of(request)
    require_fresh(request)
    try:
        people.set_password(user, by=user, password=request.POST.get("password", ""))
    except Refused as refused:
        return _page(request, password_refused=refused, status=refused.status)
    update_session_auth_hash(request, user)
    messages.success(request, "Your password was changed. Other browsers have to sign in again.")
    return redirect("account")


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


def _page(request: HttpRequest, *, status: int = 200, **more: object) -> HttpResponse:
    """`more` is what one of the forms has to say."""
    user, zones = user_of(request), sorted(zoneinfo.available_timezones())
    context = {"tokens": list(user.tokens.all()), "themes": Theme.choices, "zones": zones, "rights": queries.rights(user)}
    return render(request, "dashboard/account.html", context | more, status=status)
