"""People and their roles: everywhere, and in some projects and environments. What changes anybody's rights asks for the password again."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import people, queries, services
from accounts.models import User
from accounts.permissions import Action, require
from config.errors import Refused
from dashboard.forms.base import PageForm
from dashboard.forms.people import GrantForm, NewPersonForm, PersonForm
from dashboard.requests import require_fresh, user_of


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    return render(request, "dashboard/people.html", {"people": list(queries.people(user)), "teams": list(queries.teams(user))})


@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def create(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    require(user, Action.CONFIGURE)
    form = NewPersonForm(request.POST) if request.method == "POST" else NewPersonForm()
    if request.method == "POST":
        require_fresh(request)
        if form.is_valid():
            try:
                return redirect("person", services.create_user(by=user, **form.cleaned_data).pk)
            except Refused as refused:
                form.refuse(refused)
    return render(request, "dashboard/person_new.html", {"form": form}, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def person(request: HttpRequest, id: int) -> HttpResponse:
    """Who they are, what they may do where; posting changes role, name and whether they may sign in."""
    user = user_of(request)
    found = queries.get_person(user, id)
    form = PersonForm(request.POST) if request.method == "POST" else PersonForm.of(found)
    if request.method == "POST":
        require_fresh(request)
        if form.is_valid():
            try:
                people.update_user(found, by=user, fields=form.fields_for_service())
            except Refused as refused:
                form.refuse(refused)
            else:
                messages.success(request, _("%(name)s was changed.") % {"name": found.username})
                return redirect("person", id)
    return render(request, "dashboard/person.html", page(found, form), status=422 if form.errors else 200)


@sensitive_post_parameters("password")
@require_POST
def password(request: HttpRequest, id: int) -> HttpResponse:
    user = user_of(request)
    found = queries.get_person(user, id)
    require_fresh(request)
    try:
        people.set_password(found, by=user, password=request.POST.get("password", ""))
    except Refused as refused:
        return render(request, "dashboard/person.html", page(found) | {"password_refused": refused}, status=refused.status)
    messages.success(request, _("%(name)s has a new password, and has to sign in again.") % {"name": found.username})
    return redirect("person", id)


@require_POST
def delete(request: HttpRequest, id: int) -> HttpResponse:
    """The user name has to be typed."""
    user = user_of(request)
    found = queries.get_person(user, id)
    require_fresh(request)
    if request.POST.get("typed", "").strip() != found.username:
        messages.error(request, _("Type %(name)s to delete this account. Nothing was changed.") % {"name": found.username})
        return redirect("person", id)
    people.delete_user(found, by=user)
    messages.success(request, _("%(name)s was deleted.") % {"name": found.username})
    return redirect("people")


def page(found: User, form: PageForm | None = None, grant: PageForm | None = None) -> dict[str, Any]:
    return {
        "person": found,
        "form": form or PersonForm.of(found),
        "grant_form": grant or GrantForm(),
        "grants": list(found.grants.all()),
        "rights": queries.rights(found),
        "holder": found,
    }
