"""Registering, changing and forgetting projects."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from accounts.permissions import Action, require
from config.errors import Refused
from dashboard.forms.project import ProjectForm
from dashboard.requests import user_of
from environments import services as environments
from migrations_store import queries, services
from migrations_store.models import Project

PLACES = {"source": "path"}


@require_http_methods(["GET", "POST"])
def create(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    require(user, Action.CONFIGURE)
    form = ProjectForm(request.POST) if request.method == "POST" else ProjectForm()
    if request.method == "POST" and form.is_valid():
        try:
            project = services.create_project(user=user, fields=form.fields_for_service())
        except Refused as refused:
            form.refuse(refused, PLACES)
        else:
            snapshot = project.latest_snapshot
            messages.success(request, _added(project, snapshot.revision_count if snapshot else 0))
            return redirect("project", project.slug)
    return render(request, "dashboard/project_form.html", {"form": form}, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, slug: str) -> HttpResponse:
    user = user_of(request)
    require(user, Action.CONFIGURE)
    project = queries.get_project(user, slug)
    form = ProjectForm(request.POST) if request.method == "POST" else ProjectForm.of(project)
    if request.method == "POST" and form.is_valid():
        try:
            project = services.update_project(project, user=user, fields=form.fields_for_service())
            environments.refresh_project(project, user=user)
        except Refused as refused:
            form.refuse(refused, PLACES)
            project = queries.get_project(user, slug)
        else:
            return redirect("project", project.slug)
    return render(request, "dashboard/project_form.html", {"form": form, "project": project}, status=422 if form.errors else 200)


@require_POST
def delete(request: HttpRequest, slug: str) -> HttpResponse:
    """The slug has to be typed: databases, plans and jobs of the project are forgotten with it."""
    user = user_of(request)
    project = queries.get_project(user, slug)
    if request.POST.get("typed", "").strip() != project.slug:
        messages.error(request, _("Type %(name)s to delete the project. Nothing was deleted.") % {"name": project.slug})
        return redirect("project-edit", project.slug)
    services.delete_project(project, user=user)
    messages.success(request, _("%(name)s was deleted here. No database and no file was touched.") % {"name": slug})
    return redirect("home")


def _added(project: Project, count: int) -> str:
    said = ngettext("%(name)s was added: %(count)s revision.", "%(name)s was added: %(count)s revisions.", count)
    return said % {"name": project.name, "count": count}
