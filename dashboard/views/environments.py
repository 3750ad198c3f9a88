"""Environments: the ordered stages."""

from django.contrib import messages
from django.db.models import Count, Max
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.permissions import Action, require
from config.errors import Refused
from dashboard.forms.environment import EnvironmentForm
from dashboard.requests import require_fresh, user_of
from environments import queries, services, windows
from environments.models import Environment, PolicyChange
from jobs import health


@require_GET
def environments(request: HttpRequest) -> HttpResponse:
    found = queries.environments(user_of(request)).annotate(count=Count("databases")).order_by("position", "slug")
    rows = [(environment, windows.frozen(environment, timezone.now())) for environment in found]
    return render(request, "dashboard/environments.html", {"rows": rows, "isolation": health.isolation()})


@require_http_methods(["GET", "POST"])
def create(request: HttpRequest) -> HttpResponse:
    require(user_of(request), Action.CONFIGURE)
    last = Environment.objects.aggregate(last=Max("position"))["last"] or 0
    form = EnvironmentForm(request.POST) if request.method == "POST" else EnvironmentForm(initial={"position": last + 10})
    return _answer(request, form, None)


@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, slug: str) -> HttpResponse:
    require(user_of(request), Action.CONFIGURE)
    environment = queries.get_environment(user_of(request), slug)
    if request.method == "POST" and environment.protected:
        require_fresh(request)
    form = EnvironmentForm(request.POST) if request.method == "POST" else EnvironmentForm.of(environment)
    return _answer(request, form, environment)


@require_POST
def delete(request: HttpRequest, slug: str) -> HttpResponse:
    services.delete_environment(queries.get_environment(user_of(request), slug), user=user_of(request))
    messages.success(request, _("%(name)s was deleted.") % {"name": slug})
    return redirect("environments")


def _answer(request: HttpRequest, form: EnvironmentForm, environment: Environment | None) -> HttpResponse:
    if request.method == "POST" and form.is_valid():
        fields, user = form.fields_for_service(), user_of(request)
        try:
            if environment:
                return _changed(request, environment, services.update_environment(environment, user=user, fields=fields))
            services.create_environment(user=user, fields=fields)
        except Refused as refused:
            form.refuse(refused)
        else:
            return redirect("environments")
    return render(
        request, "dashboard/environment_form.html", {"form": form, "environment": environment}, status=422 if form.errors else 200
    )


def _changed(request: HttpRequest, environment: Environment, waiting: PolicyChange | None) -> HttpResponse:
    if waiting:
        waits = _("%(environment)s is protected: a second person has to approve this. Its names are changed.")
        messages.success(request, waits % {"environment": environment.name})
        return redirect("environment", environment.slug)
    return redirect("environments")
