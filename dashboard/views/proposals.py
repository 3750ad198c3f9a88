"""Proposals as a list, and asking for one."""

from collections.abc import Callable
from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from accounts.models import User
from accounts.permissions import Action, reach, require_part
from config.errors import Refused
from dashboard import proposal_view
from dashboard.forms.proposal import ProposalForm
from dashboard.requests import user_of
from jobs.proposals import kinds, queries, services
from migrations_store.models import Project, Proposal
from migrations_store.queries import get_project, visible_projects

PAGE = 50
SHOWS = ("all", "waiting", "mine")


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """`?show=` all, waiting (for the reader) or mine; `?project=` and `?status=` filter, `?page=` pages."""
    user = user_of(request)
    show = request.GET.get("show", "all")
    show = show if show in SHOWS else "all"
    project = get_project(user, request.GET["project"]) if request.GET.get("project") else None
    status = request.GET.get("status", "")
    status = status if status in Proposal.Status.values else ""
    page = Paginator(_found(user, show, project, status), PAGE).get_page(request.GET.get("page"))
    stands = queries.standings(page.object_list)
    context = {
        "page": page,
        "items": [proposal_view.item(proposal, stands[proposal.pk]) for proposal in page],
        "show": show,
        "project": project,
        "may_check": project is not None and reach(user, Action.CHECK).touches(project=project),
        "projects": visible_projects(user),
        "status": status,
        "statuses": Proposal.Status.choices,
    }
    return render(request, "dashboard/proposals.html", context)


@require_GET
def of_project(request: HttpRequest, slug: str) -> HttpResponse:
    found = get_project(user_of(request), slug)
    return redirect(f"{reverse('proposals')}?project={found.slug}")


@require_http_methods(["GET", "POST"])
def new(request: HttpRequest, slug: str) -> HttpResponse:
    """The form; posting it asks for the proposal."""
    user = user_of(request)
    project = get_project(user, slug)
    require_part(user, Action.CHECK, project=project)
    form = ProposalForm(user, project, request.POST or None, initial=_initial(request))
    if request.method == "POST" and form.is_valid():
        try:
            made = _asked(user, form, project)
        except Refused as refused:
            form.refuse(refused)
        else:
            return redirect("proposal", made.pk)
    return render(request, "dashboard/proposal_new.html", {"form": form, "project": project}, status=422 if form.errors else 200)


def _asked(user: User, form: ProposalForm, project: Project) -> Proposal:
    fields: dict[str, Any] = form.fields_for_service()
    ask: dict[str, Callable[..., Proposal]] = {
        Proposal.Kind.EMPTY: kinds.request_empty,
        Proposal.Kind.MERGE: kinds.request_merge,
        Proposal.Kind.REPARENT: kinds.request_reparent,
    }
    if other := ask.get(form.cleaned_data["kind"]):
        return other(project, user=user, **fields)
    database, scratch, kind = fields.pop("database"), fields.pop("scratch"), fields.pop("kind")
    if database is None:
        return services.request_on_scratch(project, user=user, kind=kind, **fields)
    return services.request_proposal(database, user=user, scratch=scratch, **fields)


def _initial(request: HttpRequest) -> dict[str, str]:
    """`?kind=`, and what it needs, from where the form was asked for."""
    return {name: request.GET[name] for name in ("kind", "database", "move", "onto") if name in request.GET}


def _found(user: User, show: str, project: Project | None, status: str) -> QuerySet[Proposal]:
    if show == "waiting":
        wanted = [proposal.pk for proposal, _ in queries.to_review(user)]
        return queries.proposals(user, project=project, status=status).filter(pk__in=wanted)
    found = queries.proposals(user, project=project, status=status)
    return found.filter(pk__in=queries.mine(user).values("pk")) if show == "mine" else found
