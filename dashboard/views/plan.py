"""Asking for a plan, looking at it, and running it. The plan's page is the confirmation."""

import uuid
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import User
from config.errors import Invalid, Refused
from dashboard import database_view, finding_view, gate_view, plan_view, promoting
from dashboard.forms import wishes
from dashboard.requests import require_fresh, user_of
from environments import queries as environments
from environments.models import Database, Environment
from environments.policies import rules_for
from environments.wording import in_words
from jobs import confirmation, gates, plans, promotions, queries, rollbacks, services
from jobs.errors import PlanStale
from jobs.models import Command, Job, Plan
from migrations_store import graph as graphs
from migrations_store.graph import Graph


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
        made = plans.make_plan(database, user=user, command=command, revision=_targets(rollbacks.target_of(database, revision)))
    except Refused as refused:
        return render(request, "dashboard/new_job.html", _form(request, database) | {"refused": refused}, status=refused.status)
    return redirect("plan", made.pk)


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
    return render(request, "dashboard/partials/plan_steps.html", {"plan": found, "steps": _steps(request, found)})


@login_required
@require_POST
def create_job(request: HttpRequest, id: str) -> HttpResponse:
    """Runs the plan if it is still the one that was shown; otherwise 409 and the reason."""
    found = queries.get_plan(user_of(request), id)
    if found.database.environment.protected and found.command != Command.CHECK:
        require_fresh(request)
    try:
        _confirmed(request, found)
        job = _job(request, found)
    except PlanStale as refused:
        return render(request, "dashboard/plan.html", _page(request, found) | {"stale": str(refused)}, status=refused.status)
    except Refused as refused:
        return render(request, "dashboard/plan.html", _page(request, found) | {"refused": refused}, status=refused.status)
    several = job.promotion is not None and job.promotion.stages.count() > 1
    return redirect("promotion", job.promotion_id) if several else redirect("job", job.pk)


def _job(request: HttpRequest, found: Plan) -> Job:
    """A promotion, a rollback or a job of its own, as the form says."""
    user, data, database = user_of(request), request.POST, found.database
    asked: dict[str, Any] = {
        "user": user,
        "plan_digest": data["digest"],
        "reason": data.get("reason", "").strip(),
        "idempotency_key": data.get("key", "")[:200] or None,
    }
    chosen = wishes.read(data)
    if promotion := promoting.read(user, database.project, data):
        return promotions.promote(
            promotion.project, source=promotion.source, target=promotion.target, through=promotion.through,
            revision=promotion.revision or None, name=promotion.name or database.name or None, wishes=chosen, **asked,
        )[2]  # fmt: skip
    if found.command == Command.DOWNGRADE:
        sure: dict[str, Any] = {"typed": data.get("typed", ""), "accepted": data.getlist("accepted")}
        return rollbacks.roll_back(database, to=found.requested_revision, wishes=chosen, **sure, **asked)[2]
    return services.request_job(database, command=found.command, revision=_targets(found.requested_revision), wishes=chosen, **asked)


def _confirmed(request: HttpRequest, found: Plan) -> None:
    """Raises Invalid unless the form holds the digest, and what the plan needs: the name, a reason, a tick for each loss."""
    data = request.POST
    if not data.get("digest"):
        raise Invalid(_("The form was incomplete: it names no plan. Nothing was run; open the plan again."))
    confirmation.check(
        found, typed=data.get("typed", ""), reason=data.get("reason", ""), accepted=data.getlist("accepted"),
        always=data.get("break_glass") == "yes",
    )  # fmt: skip


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
    user, graph, sorted_gates = user_of(request), _graph(found), gate_view.sort(gates.of(found))
    promotion = promoting.read(user, found.database.project, data)
    partial = queries.left_partial(found.database)
    return {
        "plan": found,
        "partial": partial,
        "explanation": database_view.explain(found.database, set(), partial) if partial else None,
        "database": found.database,
        "promotion": promotion,
        "source": promotion.source if promotion else None,
        "further": _further(user, promotion, found.database.name) if promotion else [],
        "gates": sorted_gates,
        "before": gate_view.before(found, sorted_gates, user),
        "policy_words": in_words(rules_for(found.database), found.database.environment),
        "asks_approval": sorted_gates.needs_approval or (promotion is not None and any(stage.protected for stage in promotion.stages)),
        "options": gate_view.options(found, sorted_gates, user),
        "steps": (steps := _steps(request, found)),
        "found": plan_view.found_in(steps),
        "unasked": plan_view.unasked(found),
        "route": plan_view.route(found, graph),
        "bar": plan_view.bar(found, sorted_gates, user=user),
        "stale": plan_view.stale_because(found),
        "needs_name": confirmation.needs_name(found),
        "losses": confirmation.losses(found),
        "irreversible": confirmation.irreversible(found),
        "asks_password": found.database.environment.protected and found.command != Command.CHECK,
        "jobs": list(found.jobs.order_by("-id")[:3]),
        "key": data.get("key") or str(uuid.uuid4()),
        "typed_in": data,
        "accepted": data.getlist("accepted"),
    }


def _steps(request: HttpRequest, found: Plan) -> list[plan_view.StepView]:
    back = reverse("plan", args=[found.pk])
    accepting = finding_view.Accepting.by(user_of(request), found.database.project, back)
    return plan_view.steps(found, _graph(found), accepting)


def _further(user: User, asked: promoting.Asked, name: str) -> list[tuple[str, Environment, bool]]:
    """Where the project has a database of that name."""
    stages = list(environments.environments(user))
    having = set(environments.databases(user, project=asked.project).filter(name=name).values_list("environment_id", flat=True))
    return promoting.further(asked, stages, having)


def _graph(found: Plan) -> Graph:
    assert found.snapshot is not None
    return graphs.load(found.snapshot)


def _targets(text: str) -> str | list[str] | None:
    """One target as Alembic takes it, or several ids apart from each other."""
    parts = text.split()
    return parts if len(parts) > 1 else (parts[0] if parts else None)
