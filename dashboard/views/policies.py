"""An environment's rules: the page, the editor, freezes, and changes that wait for a second person."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import User
from accounts.permissions import Action, require
from config.errors import Refused
from config.retelling import told
from dashboard import policy_view
from dashboard.forms.policy import FreezeForm, PolicyForm
from dashboard.requests import require_fresh, user_of
from environments import changes, freezes, policies, queries, windows, wording
from environments.models import Environment, Policy, PolicyChange
from environments.policy_fields import read_policy
from migrations_store.models import Project
from migrations_store.queries import get_project, visible_projects

HISTORY = 20


@require_GET
def environment(request: HttpRequest, slug: str) -> HttpResponse:
    return _page(request, queries.get_environment(user_of(request), slug))


@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, slug: str) -> HttpResponse:
    """`?project=` is the exception of that project. The button *Show what it means* saves nothing."""
    user = user_of(request)
    found, project = _place(request, user, slug)
    require(user, Action.POLICY, project=project, environment=found)
    policy = Policy.objects.filter(environment=found, project=project).first()
    form = PolicyForm(request.POST) if request.method == "POST" else PolicyForm.of(policy or _beginning(found, project))
    if request.method == "POST" and "preview" not in request.POST:
        if found.protected:
            require_fresh(request)
        if form.is_valid() and _saved(request, form, found, project):
            return redirect("environment", found.slug)
    words = (
        _words(form, policy, found, project)
        if request.method == "POST"
        else wording.in_words(_rules(policy, found, project), found, project)
    )
    content = {"form": form, "environment": found, "project": project, "policy": policy, "words": words}
    return render(request, "dashboard/policy.html", content, status=422 if form.errors else 200)


@require_POST
def words(request: HttpRequest, slug: str) -> HttpResponse:
    """What the form would mean, for the page to show while it is filled in. Nothing is saved."""
    user = user_of(request)
    found, project = _place(request, user, slug)
    require(user, Action.POLICY, project=project, environment=found)
    policy = Policy.objects.filter(environment=found, project=project).first()
    sentences = _words(PolicyForm(request.POST), policy, found, project)
    return render(request, "dashboard/partials/policy_words.html", {"words": sentences})


@require_POST
def delete(request: HttpRequest, slug: str) -> HttpResponse:
    user = user_of(request)
    found, project = _place(request, user, slug)
    require(user, Action.POLICY, project=project, environment=found)
    if found.protected:
        require_fresh(request)
    _tell(
        request,
        changes.delete_policy(found, user=user, project=project, reason=request.POST.get("reason", "")),
        _("The policy was deleted."),
    )
    return redirect("environment", found.slug)


@require_POST
def freeze(request: HttpRequest, slug: str) -> HttpResponse:
    user = user_of(request)
    found, form = queries.get_environment(user, slug), FreezeForm(request.POST)
    require(user, Action.POLICY, environment=found)
    if form.is_valid():
        try:
            freezes.freeze(found, user=user, **form.cleaned_data)
        except Refused as refused:
            form.refuse(refused)
        else:
            messages.success(request, _("%(environment)s is frozen.") % {"environment": found.name})
            return redirect("environment", found.slug)
    return _page(request, found, form, status=422)


@require_POST
def unfreeze(request: HttpRequest, slug: str) -> HttpResponse:
    user = user_of(request)
    found = queries.get_environment(user, slug)
    require(user, Action.POLICY, environment=found)
    if found.protected:
        require_fresh(request)
    freezes.lift(found, user=user)
    messages.success(request, _("%(environment)s is not frozen any more.") % {"environment": found.name})
    return redirect("environment", found.slug)


@require_POST
def decide(request: HttpRequest, id: int) -> HttpResponse:
    """Approve, reject, or, for the one who proposed it, withdraw."""
    user = user_of(request)
    change = queries.get_policy_change(user, str(id))
    decision = request.POST.get("decision", "")
    if decision == "withdraw":
        changes.withdraw(change, user=user)
    else:
        require(user, Action.POLICY, project=change.project, environment=change.environment)
        require_fresh(request)
        changes.decide(change, user=user, decision=decision, comment=request.POST.get("comment", ""))
    messages.success(request, f"{policy_view.shown(change, user).title}: {told(change.get_status_display()).lower()}.")
    return redirect("environment", change.environment.slug)


def _page(request: HttpRequest, found: Environment, form: FreezeForm | None = None, status: int = 200) -> HttpResponse:
    user, now = user_of(request), timezone.now()
    rules = policies.rules_in(found, None)
    seen = visible_projects(user)
    waiting, over = policy_view.of_environment(list(queries.policy_changes(user, environment=found)[: HISTORY * 3]), user)
    exceptions = list(queries.policies_of(found).filter(project__in=seen))
    content: dict[str, Any] = {
        "environment": found, "rules": rules, "words": wording.in_words(rules, found), "window": windows.window(rules, now),
        "frozen": windows.frozen(found, now), "freeze_form": form or FreezeForm(), "waiting": waiting, "history": over[:HISTORY],
        "exceptions": [(policy, wording.in_words(policies.rules_of(policy, found), found, policy.project)) for policy in exceptions],
        "others": seen.exclude(pk__in=[policy.project_id for policy in exceptions]), "has_policy": rules.source == "environment",
    }  # fmt: skip
    return render(request, "dashboard/environment.html", content | policy_view.permissions(user, found), status=status)


def _place(request: HttpRequest, user: User, slug: str) -> tuple[Environment, Project | None]:
    project = request.GET.get("project", "")
    return queries.get_environment(user, slug), get_project(user, project) if project else None


def _beginning(found: Environment, project: Project | None) -> Policy:
    """What a new policy starts from: for an exception the policy that holds so far, in an open environment no approval."""
    general = Policy.objects.filter(environment=found, project=None).first() if project else None
    return general or Policy(approvals=1 if found.protected else 0)


def _rules(policy: Policy | None, found: Environment, project: Project | None) -> policies.Rules:
    return policies.rules_of(policy or _beginning(found, project), found)


def _words(form: PolicyForm, policy: Policy | None, found: Environment, project: Project | None) -> list[str]:
    if not form.is_valid():
        return ["This cannot be read yet; the fields say why when you save."]
    try:
        values = read_policy(policy, form.fields_for_service())
    except Refused as refused:
        return [str(refused)]
    return wording.in_words(policies.rules_of(Policy(**values), found), found, project)


def _saved(request: HttpRequest, form: PolicyForm, found: Environment, project: Project | None) -> bool:
    fields, reason = form.fields_for_service(), form.cleaned_data["reason"]
    try:
        change = changes.change_policy(found, user=user_of(request), fields=fields, project=project, reason=reason)
    except Refused as refused:
        form.refuse(refused)
        return False
    _tell(request, change, _("The policy was changed."))
    return True


def _tell(request: HttpRequest, change: PolicyChange | None, done: str) -> None:
    if change is None:
        messages.success(request, _("That is what holds already; nothing was changed."))
    elif change.is_waiting:
        waits = _("%(environment)s is protected: a second person has to approve this. Until then all is as it was.")
        messages.success(request, waits % {"environment": change.environment.name})
    else:
        messages.success(request, done)
