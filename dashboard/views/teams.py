"""Teams, and the grants of teams and people."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts import grants, queries
from accounts.models import Team, User
from accounts.permissions import Action, require
from config.errors import Refused
from config.retelling import told
from dashboard.forms.base import PageForm
from dashboard.forms.people import GrantForm, TeamForm
from dashboard.requests import require_fresh, user_of
from dashboard.views import people


@require_http_methods(["GET", "POST"])
def create(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    require(user, Action.CONFIGURE)
    form = TeamForm(request.POST) if request.method == "POST" else TeamForm()
    if request.method == "POST":
        require_fresh(request)
        if form.is_valid():
            try:
                made = grants.create_team(by=user, name=form.cleaned_data["name"], members=list(form.cleaned_data["members"]))
                return redirect("team", made.pk)
            except Refused as refused:
                form.refuse(refused)
    return render(request, "dashboard/team_new.html", {"form": form}, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def team(request: HttpRequest, id: int) -> HttpResponse:
    user = user_of(request)
    found = queries.get_team(user, id)
    form = TeamForm(request.POST) if request.method == "POST" else TeamForm.of(found)
    if request.method == "POST":
        require_fresh(request)
        if form.is_valid():
            try:
                grants.update_team(found, by=user, name=form.cleaned_data["name"], members=list(form.cleaned_data["members"]))
            except Refused as refused:
                form.refuse(refused)
            else:
                messages.success(request, _("The team was changed."))
                return redirect("team", id)
    return render(request, "dashboard/team.html", page(found, form), status=422 if form.errors else 200)


@require_POST
def delete(request: HttpRequest, id: int) -> HttpResponse:
    user = user_of(request)
    found = queries.get_team(user, id)
    require_fresh(request)
    grants.delete_team(found, by=user)
    messages.success(request, _("%(name)s was deleted, and its grants with it.") % {"name": found.name})
    return redirect("people")


@require_POST
def grant_person(request: HttpRequest, id: int) -> HttpResponse:
    return _grant(request, queries.get_person(user_of(request), id))


@require_POST
def grant_team(request: HttpRequest, id: int) -> HttpResponse:
    return _grant(request, queries.get_team(user_of(request), id))


@require_POST
def revoke(request: HttpRequest, id: int) -> HttpResponse:
    user = user_of(request)
    found = queries.get_grant(user, id)
    require_fresh(request)
    grants.delete_grant(found, by=user)
    messages.success(request, _("The grant was taken back."))
    return redirect("team", found.team_id) if found.team_id else redirect("person", found.user_id)


def _grant(request: HttpRequest, holder: User | Team) -> HttpResponse:
    require_fresh(request)
    form = GrantForm(request.POST)
    if form.is_valid():
        try:
            given = grants.create_grant(by=user_of(request), to=holder, **form.cleaned_data)
        except Refused as refused:
            form.refuse(refused)
        else:
            messages.success(request, f"{holder}: {told(grants.describe(given))}.")
            return redirect("person" if isinstance(holder, User) else "team", holder.pk)
    if isinstance(holder, User):
        return render(request, "dashboard/person.html", people.page(holder, grant=form), status=422)
    return render(request, "dashboard/team.html", page(holder, grant=form), status=422)


def page(found: Team, form: PageForm | None = None, grant: PageForm | None = None) -> dict[str, Any]:
    return {
        "team": found,
        "form": form or TeamForm.of(found),
        "grant_form": grant or GrantForm(),
        "grants": list(found.grants.all()),
        "holder": found,
    }
