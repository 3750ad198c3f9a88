"""Asking for a plan, looking at it, and running it. The plan's page is the confirmation."""

import unicodedata
import uuid
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from config.errors import Invalid, Refused
from dashboard import plan_view
from dashboard.requests import user_of
from environments import queries as environments
from environments.models import Database
from jobs import plans, promotions, queries, services
from jobs.errors import PlanStale
from jobs.models import Command, Job, Plan
from migrations_store import graph as graphs
from migrations_store import queries as projects
from migrations_store.graph import Graph

LONGEST_REASON = 2000


@login_required
@require_http_methods(["GET", "POST"])
def new_plan(request: HttpRequest, id: str) -> HttpResponse:
    """The form for a command and its target; posting it builds the plan."""
    user = user_of(request)
    database = environments.get_database(user, id)
    if request.method != "POST":
        return render(request, "dashboard/new_job.html", _form(request, database))
    command = request.POST.get("command", "")
    revision = request.POST.get("other", "").strip() or request.POST.get("revision", "").strip()
    try:
        made = plans.make_plan(database, user=user, command=command, revision=_targets(revision))
    except Refused as refused:
        return render(request, "dashboard/new_job.html", _form(request, database) | {"refused": refused}, status=refused.status)
    return redirect("plan", made.pk)


@login_required
@require_GET
def promote(request: HttpRequest, slug: str) -> HttpResponse:
    """Builds the plan of a promotion and shows it; nothing runs."""
    user = user_of(request)
    project = projects.get_project(user, slug)
    source = environments.get_environment(user, request.GET.get("from", ""))
    target = environments.get_environment(user, request.GET.get("to", ""))
    try:
        made = promotions.plan_promotion(project, user=user, source=source, target=target, revision=request.GET.get("revision") or None)
    except Refused as refused:
        context = {"refused": refused, "project": project, "source": source, "target": target}
        return render(request, "dashboard/promotion_refused.html", context, status=refused.status)
    query = urlencode({"from": source.slug, "to": target.slug})
    return HttpResponseRedirect(f"{reverse('plan', args=[made.pk])}?{query}")


@login_required
@require_GET
def plan(request: HttpRequest, id: str) -> HttpResponse:
    """What will run, and what stands in its way; `?as=sql` answers all SQL as text."""
    found = queries.get_plan(user_of(request), id)
    if request.GET.get("as") == "sql":
        answer = HttpResponse(plan_view.sql_text(found), content_type="text/plain; charset=utf-8")
        answer["Content-Disposition"] = f'inline; filename="plan-{found.pk}.sql"'
        return answer
    return render(request, "dashboard/plan.html", _page(request, found))


@login_required
@require_GET
def preview(request: HttpRequest, id: str) -> HttpResponse:
    """The steps with their SQL; asks again until it is there."""
    found = queries.get_plan(user_of(request), id)
    if found.preview_state == "asked" and request.GET.get("seen") == "asked":
        return HttpResponse(status=204)
    return render(request, "dashboard/partials/plan_steps.html", {"plan": found, "steps": plan_view.steps(found, _graph(found))})


@login_required
@require_POST
def create_job(request: HttpRequest, id: str) -> HttpResponse:
    """Runs the plan if it is still the one that was shown; otherwise 409 and the reason."""
    found = queries.get_plan(user_of(request), id)
    try:
        _confirmed(request, found)
        job = _job(request, found)
    except PlanStale as refused:
        return render(request, "dashboard/plan.html", _page(request, found) | {"stale": str(refused)}, status=refused.status)
    except Refused as refused:
        return render(request, "dashboard/plan.html", _page(request, found) | {"refused": refused}, status=refused.status)
    return redirect("job", job.pk)


def _job(request: HttpRequest, found: Plan) -> Job:
    user, digest = user_of(request), request.POST.get("digest", "")
    reason, key = request.POST.get("reason", "").strip(), request.POST.get("key", "")[:200] or None
    if request.POST.get("from") and request.POST.get("to"):
        source = environments.get_environment(user, request.POST["from"])
        _, _, job = promotions.promote(
            found.database.project,
            user=user,
            source=source,
            target=found.database.environment,
            plan_digest=digest,
            reason=reason,
            idempotency_key=key,
        )
        return job
    revision = _targets(found.requested_revision)
    return services.request_job(
        found.database, user=user, command=found.command, revision=revision, plan_digest=digest, reason=reason, idempotency_key=key
    )


def _confirmed(request: HttpRequest, found: Plan) -> None:
    """Raises Invalid unless the form holds what the command needs: the digest, and for the destructive ones name and reason."""
    if not request.POST.get("digest"):
        raise Invalid("The form was incomplete: it names no plan. Nothing was run; open the plan again.")
    reason = request.POST.get("reason", "").strip()
    if len(reason) > LONGEST_REASON:
        raise Invalid("The reason is longer than 2,000 characters.", {"reason": "At most 2,000 characters."})
    if not plan_view.needs_name(found):
        return
    slug, typed = found.database.environment.slug, unicodedata.normalize("NFC", request.POST.get("typed", "")).strip()
    fields = {} if typed == slug else {"typed": _typed_hint(typed, slug)}
    fields |= {} if reason else {"reason": "Say why, in a few words: it is kept with the job."}
    if fields:
        raise Invalid(f"{found.get_command_display()} on {slug} has to be confirmed. Nothing was run.", fields)


def _typed_hint(typed: str, slug: str) -> str:
    if any("а" <= letter <= "я" for letter in typed.lower()):
        return f"Keyboard layout looks Russian. Type {slug}."
    return f"Type {slug} exactly as it is written here."


def _form(request: HttpRequest, database: Database) -> dict[str, Any]:
    data = request.POST if request.method == "POST" else request.GET
    command = data.get("command", "")
    command = command if command in Command.values else Command.UPGRADE.value
    snapshot = database.project.latest_snapshot
    offered = plan_view.targets(command, database, graphs.load(snapshot)) if snapshot else []
    wanted = data.get("other", "").strip() or data.get("revision", "")
    listed = wanted in {target.value for target in offered}
    return {
        "database": database,
        "command": command,
        "commands": Command.choices,
        "targets": offered,
        "chosen": wanted if listed else "",
        "other": "" if listed else wanted[:200],
    }


def _page(request: HttpRequest, found: Plan) -> dict[str, Any]:
    data = request.POST if request.method == "POST" else request.GET
    gates = plan_view.gates(plans.gates(found))
    source = environments.get_environment(user_of(request), data["from"]) if data.get("from") else None
    graph = _graph(found)
    return {
        "plan": found,
        "database": found.database,
        "source": source,
        "gates": gates,
        "steps": plan_view.steps(found, graph),
        "route": plan_view.route(found, graph),
        "bar": plan_view.bar(found, gates, user=user_of(request)),
        "stale": plan_view.stale_because(found),
        "needs_name": plan_view.needs_name(found),
        "jobs": list(found.jobs.order_by("-id")[:3]),
        "key": data.get("key") or str(uuid.uuid4()),
        "reason": data.get("reason", ""),
        "typed": data.get("typed", ""),
    }


def _graph(found: Plan) -> Graph:
    assert found.snapshot is not None
    return graphs.load(found.snapshot)


def _targets(text: str) -> str | list[str] | None:
    """One target as Alembic takes it, or several ids apart from each other."""
    parts = text.split()
    return parts if len(parts) > 1 else (parts[0] if parts else None)
