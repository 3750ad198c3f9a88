"""Signing in and out."""

from django.contrib.auth import logout, views
from django.contrib.auth.forms import AuthenticationForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from audit.services import record


class SignIn(views.LoginView):
    """Django's own: it checks `next`, makes a new session key, and tells nobody whether the name exists."""

    template_name = "dashboard/sign_in.html"
    redirect_authenticated_user = True

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        answer = super().form_valid(form)
        record(form.get_user().get_username(), "session.start", f"user {form.get_user().get_username()}")
        return answer


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    record(request.user.get_username(), "session.end", f"user {request.user.get_username()}")
    logout(request)
    return redirect("sign-in")
