"""Registering, changing, testing and forgetting databases."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts.permissions import Action, require
from config.errors import Refused
from dashboard.forms.environment import DatabaseForm
from dashboard.requests import user_of
from environments import queries, services
from environments.models import Database
from environments.trial import Finding


@sensitive_post_parameters("password", "url")
@require_http_methods(["GET", "POST"])
def create(request: HttpRequest) -> HttpResponse:
    """`?project=` and `?environment=` are filled in."""
    require(user_of(request), Action.CONFIGURE)
    chosen = {name: request.GET.get(name, "") for name in ("project", "environment")}
    form = DatabaseForm(request.POST) if request.method == "POST" else DatabaseForm(initial=chosen)
    return _answer(request, form, None)


@sensitive_post_parameters("password", "url")
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, id: str) -> HttpResponse:
    require(user_of(request), Action.CONFIGURE)
    database = queries.get_database(user_of(request), id)
    form = DatabaseForm(request.POST) if request.method == "POST" else DatabaseForm.of(database)
    return _answer(request, form, database)


@require_POST
def delete(request: HttpRequest, id: str) -> HttpResponse:
    """The environment's slug has to be typed."""
    user = user_of(request)
    database = queries.get_database(user, id)
    if request.POST.get("typed", "").strip() != database.environment.slug:
        messages.error(request, _("Type %(name)s to forget this database. Nothing was changed.") % {"name": database.environment.slug})
        return redirect("database-edit", database.pk)
    services.delete_database(database, user=user)
    messages.success(request, _("The profile was deleted here. The database itself was not touched."))
    return redirect("project", database.project.slug)


def _answer(request: HttpRequest, form: DatabaseForm, database: Database | None) -> HttpResponse:
    """Saves, or with the button *Test connection* only tries."""
    user, tried = user_of(request), None
    if request.method == "POST" and form.is_valid():
        fields = form.fields_for_service()
        try:
            if "test" in request.POST:
                tried = services.test_connection(user=user, database=database, fields=fields)
            elif database:
                services.update_database(database, user=user, fields=fields)
                return redirect("database", database.pk)
            else:
                return redirect("database", services.create_database(user=user, fields=fields).pk)
        except Refused as refused:
            form.refuse(refused)
    return render(request, "dashboard/database_form.html", _page(form, database, tried), status=422 if form.errors else 200)


def _page(form: DatabaseForm, database: Database | None, tried: list[Finding] | None) -> dict[str, object]:
    return {"form": form, "database": database, "tried": tried, "had_password": form.hide_password()}
