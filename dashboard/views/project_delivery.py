"""How a project's proposals leave: the approvals that they need, and what is pushed with."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.permissions import Action, require
from config.errors import Refused
from dashboard.forms.delivery import CredentialForm, ReviewsForm
from dashboard.requests import user_of
from migrations_store import credentials, services
from migrations_store.models import Project, SourceKind
from migrations_store.queries import get_project


@require_http_methods(["GET", "POST"])
def delivery(request: HttpRequest, slug: str) -> HttpResponse:
    """`what` of the form that was sent is reviews or credential."""
    project = get_project(user_of(request), slug)
    require(user_of(request), Action.CONFIGURE, project=project)
    what = request.POST.get("what")
    reviews = ReviewsForm(request.POST if what == "reviews" else None, initial={"reviews_needed": project.reviews_needed})
    credential = CredentialForm(request.POST if what == "credential" else None)
    if what == "reviews" and reviews.is_valid() and _keep_reviews(request, project, reviews):
        return redirect("project-delivery", project.slug)
    if what == "credential" and credential.is_valid() and _keep_credential(request, project, credential):
        return redirect("project-delivery", project.slug)
    status = 422 if reviews.errors or credential.errors else 200
    context = {"project": project, "reviews": reviews, "credential": credential} | _known(project)
    return render(request, "dashboard/project_delivery.html", context, status=status)


@require_POST
def forget(request: HttpRequest, slug: str) -> HttpResponse:
    """Takes the credentials away."""
    project = get_project(user_of(request), slug)
    credentials.forget_credential(project, user=user_of(request))
    messages.success(request, _("The credentials are forgotten here. Withdraw them at the server too."))
    return redirect("project-delivery", project.slug)


def _known(project: Project) -> dict[str, object]:
    if project.source_kind != SourceKind.GIT:
        return {"scheme": ""}
    scheme = credentials.server_of(project).partition(":")[0]
    return {"scheme": scheme, "kept": credentials.kept(project), "missing": credentials.missing(project)}


def _keep_reviews(request: HttpRequest, project: Project, form: ReviewsForm) -> bool:
    try:
        services.update_project(project, user=user_of(request), fields=form.cleaned_data)
    except Refused as refused:
        form.refuse(refused)
        return False
    messages.success(request, _("Saved."))
    return True


def _keep_credential(request: HttpRequest, project: Project, form: CredentialForm) -> bool:
    try:
        credentials.set_credential(project, user=user_of(request), **form.cleaned_data)
    except Refused as refused:
        form.refuse(refused)
        return False
    messages.success(request, _("The credentials are kept, sealed. Nothing shows them again."))
    return True
