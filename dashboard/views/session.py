"""Signing in and out, and giving the password again before what needs it."""

import zoneinfo
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout, views
from django.contrib.auth.forms import AuthenticationForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts import attempts, reauthentication, services
from accounts.errors import TooManyAttempts
from accounts.models import User
from audit.services import record
from dashboard.requests import address_of, require_fresh


class SignIn(views.LoginView):
    """Django's own: it checks `next`, makes a new session key, and tells nobody whether the name exists. Attempts are counted."""

    template_name = "dashboard/sign_in.html"
    redirect_authenticated_user = True

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            attempts.begin(request.POST.get("username", ""), address_of(request))
        except TooManyAttempts as refused:
            return self._held_back(refused)
        return super().post(request, *args, **kwargs)

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        is_first = form.get_user().last_login is None
        answer = super().form_valid(form)
        reauthentication.mark(self.request.session)
        self.request.session.set_expiry(timezone.now() + timedelta(seconds=settings.SESSION_COOKIE_AGE))  # what is kept in it moves no end
        attempts.succeeded(self.request.POST.get("username", ""), address_of(self.request))
        record(form.get_user().get_username(), "session.start", f"user {form.get_user().get_username()}")
        if is_first:
            self._suggest_zone(form.get_user(), self.request.POST.get("zone", ""))
        return answer

    def _suggest_zone(self, user: User, zone: str) -> None:
        """At the first time the browser's own zone is taken, and said; one that is not known here is not."""
        if user.time_zone or not zone or zone not in zoneinfo.available_timezones():
            return
        services.set_preferences(user, time_zone=zone)
        messages.success(self.request, _("Times are told in %(zone)s, as in your browser. Your account has others.") % {"zone": zone})

    def _held_back(self, refused: TooManyAttempts) -> HttpResponse:
        """The form again, unbound: a bound one would look at the password."""
        form = AuthenticationForm(self.request, initial={"username": self.request.POST.get("username", "")[:150]})
        answer = self.render_to_response(self.get_context_data(form=form, refused=refused), status=refused.status)
        answer["Retry-After"] = str(refused.wait)
        return answer


@require_http_methods(["GET", "POST"])
def again(request: HttpRequest) -> HttpResponse:
    """For what cannot hold the question itself, such as a link; `next` is the way back."""
    require_fresh(request)
    target = request.GET.get("next", "")
    safe = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return redirect(target if safe else "home")


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    record(request.user.get_username(), "session.end", f"user {request.user.get_username()}")
    logout(request)
    return redirect("sign-in")
