"""One's own preferences and API tokens."""

import zoneinfo
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts import people, queries, services
from accounts.models import Density, Theme
from config.errors import Refused
from dashboard.language import chosen_language
from dashboard.requests import require_fresh, user_of


@require_http_methods(["GET", "POST"])
def account(request: HttpRequest) -> HttpResponse:
    """The menu of every page sends one preference alone, with `next`: the page that it was on."""
    if request.method != "POST":
        return _page(request)
    services.set_preferences(user_of(request), **_preferences(request.POST))
    target = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure()):
        return redirect(target)
    with translation.override(chosen_language(request)):
        messages.success(request, _("Saved."))
    return redirect("account")


def _preferences(sent: QueryDict) -> dict[str, Any]:
    """What was sent; a browser says nothing of a box that is not ticked, so that `offers` names it."""
    found: dict[str, Any] = {name: sent[name] for name in ("theme", "density", "time_zone", "language") if name in sent}
    return found | {name: name in sent for name in ("shortcuts",) if name in sent.getlist("offers")}


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
    messages.success(request, _("Your password was changed. Other browsers have to sign in again."))
    return redirect("account")


@require_POST
def create_token(request: HttpRequest) -> HttpResponse:
    """Shows the new token in the answer itself: it is kept nowhere and can be shown only now.

    A token is asked for no password later, so a session alone must not be enough to make one.
    """
    require_fresh(request)
    user = user_of(request)
    try:
        _token, plain = services.create_token(user, by=user, name=request.POST.get("name", ""))
    except Refused as refused:
        return _page(request, refused=refused, status=refused.status)
    return _page(request, plain=plain)


@require_POST
def revoke_token(request: HttpRequest, id: int) -> HttpResponse:
    user = user_of(request)
    services.revoke_token(user, id, by=user)
    messages.success(request, _("The token was revoked."))
    return redirect("account")


def _page(request: HttpRequest, *, status: int = 200, **more: object) -> HttpResponse:
    """`more` is what one of the forms has to say."""
    user, zones = user_of(request), sorted(zoneinfo.available_timezones())
    choices = {"themes": Theme.choices, "densities": Density.choices, "zones": zones, "languages": settings.LANGUAGES}
    context = choices | {"tokens": list(user.tokens.all()), "rights": queries.rights(user)}
    return render(request, "dashboard/account.html", context | more, status=status)
