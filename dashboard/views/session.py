"""Signing in and out."""

from typing import Any

from django.conf import settings
from django.contrib.auth import logout, views
from django.contrib.auth.forms import AuthenticationForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from accounts import attempts
from accounts.errors import TooManyAttempts
from audit.services import record


class SignIn(views.LoginView):
    """Django's own: it checks `next`, makes a new session key, and tells nobody whether the name exists. Attempts are counted."""

    template_name = "dashboard/sign_in.html"
    redirect_authenticated_user = True

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            attempts.begin(request.POST.get("username", ""), _address(request))
        except TooManyAttempts as refused:
            return self._held_back(refused)
        return super().post(request, *args, **kwargs)

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        answer = super().form_valid(form)
        attempts.succeeded(self.request.POST.get("username", ""), _address(self.request))
        record(form.get_user().get_username(), "session.start", f"user {form.get_user().get_username()}")
        return answer

    def _held_back(self, refused: TooManyAttempts) -> HttpResponse:
        """The form again, unbound: a bound one would look at the password."""
        form = AuthenticationForm(self.request, initial={"username": self.request.POST.get("username", "")[:150]})
        answer = self.render_to_response(self.get_context_data(form=form, refused=refused), status=refused.status)
        answer["Retry-After"] = str(refused.wait)
        return answer


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    record(request.user.get_username(), "session.end", f"user {request.user.get_username()}")
    logout(request)
    return redirect("sign-in")


def _address(request: HttpRequest) -> str:
    """Who calls; behind a proxy, whom the proxy names last."""
    forwarded = request.headers.get("X-Forwarded-For", "") if settings.HTTPS else ""
    return forwarded.rpartition(",")[2].strip()[:64] or str(request.META.get("REMOTE_ADDR", ""))
