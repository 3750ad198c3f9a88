"""Promotions: asking for one, for several at once, and seeing how far each has come."""

import uuid
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from config.errors import Invalid, NotFound, Refused
from dashboard import promoting, promotion_view
from dashboard.forms import wishes
from dashboard.requests import number_of, require_fresh, user_of
from environments import queries as environments
from jobs import batches, promotions, reviews
from migrations_store import queries as projects

PER_PAGE = 50


@login_required
@require_GET
def promote(request: HttpRequest, slug: str) -> HttpResponse:
    """Builds the plan of a promotion and shows it; nothing runs. Of a fleet, all of them at once."""
    user = user_of(request)
    project = projects.get_project(user, slug)
    asked = promoting.read(user, project, request.GET)
    if asked is None:
        raise NotFound(_("A promotion leads from one environment to another: name both."))
    moves = batches.spread(asked.move)[0] if asked.name is None else [asked.move]
    if len(moves) > 1:
        return HttpResponseRedirect(f"{reverse('promotions-new')}?{urlencode([('move', move.key) for move in moves])}")
    move = moves[0]
    try:
        made = promotions.route(
            project, user=user, source=asked.source, target=asked.target, through=asked.through, revision=move.revision, name=move.name
        ).plan
    except Refused as refused:
        context = {"refused": refused, "project": project, "source": asked.source, "target": asked.target}
        return render(request, "dashboard/promotion_refused.html", context, status=refused.status)
    return HttpResponseRedirect(f"{reverse('plan', args=[made.pk])}?{asked.query}")


@login_required
@require_GET
def new_batch(request: HttpRequest) -> HttpResponse:
    """The plans of several promotions, one row each; nothing runs. `?move=shop:dev:test`, as often as wanted."""
    return _plans(request)


@login_required
@require_http_methods(["GET", "POST"])
def all_promotions(request: HttpRequest) -> HttpResponse:
    """The list, newest first; posting to it asks for several at once."""
    if request.method == "POST":
        return _create(request)
    found = Paginator(reviews.promotions(user_of(request)), PER_PAGE).get_page(number_of(request, "page") or 1)
    return render(request, "dashboard/promotions.html", {"page": found, "rows": [promotion_view.line(one) for one in found]})


@login_required
@require_GET
def promotion(request: HttpRequest, id: str) -> HttpResponse:
    return render(request, "dashboard/promotion.html", promotion_view.page(reviews.get_promotion(user_of(request), id)))


@login_required
@require_GET
def promotion_status(request: HttpRequest, id: str) -> HttpResponse:
    """The stages alone, for as long as they move."""
    found = promotion_view.page(reviews.get_promotion(user_of(request), id))
    return render(request, "dashboard/partials/promotion_state.html", found)


@login_required
@require_GET
def batch(request: HttpRequest, id: str) -> HttpResponse:
    """Several promotions that were asked for at once."""
    user = user_of(request)
    found = reviews.get_batch(user, id)
    lines = [promotion_view.line(one) for one in reviews.promotions(user).filter(batch=found).order_by("pk")]
    poll = any(line.promotion.status == "active" for line in lines)
    template = "dashboard/partials/batch_state.html" if request.headers.get("HX-Request") else "dashboard/batch.html"
    return render(request, template, {"batch": found, "rows": lines, "poll": poll})


def _create(request: HttpRequest) -> HttpResponse:
    user, data = user_of(request), request.POST
    try:
        moves = _moves(request, data.getlist("move"))
        if not all(move.digest for move in moves):
            raise Invalid(_("The form was incomplete: it names no plan. Nothing was run; look at the plans again."))
        if any(environment.protected for move in moves for environment in (*move.through, move.target)):
            require_fresh(request)
        made = batches.promote_all(
            moves, user=user, reason=_reason(data.get("reason", "")), wishes=wishes.read(data), key=data.get("key", "")[:200] or None
        )
    except Refused as refused:
        return _plans(request, refused)
    return redirect("batch", made.pk)


def _plans(request: HttpRequest, refused: Refused | None = None) -> HttpResponse:
    data = request.POST if request.method == "POST" else request.GET
    try:
        rows = batches.plan_all(_moves(request, data.getlist("move")), user=user_of(request))
    except Invalid as error:
        rows, refused = [], refused or error
    shown = [promotion_view.planned(row, user_of(request)) for row in rows]
    context: dict[str, Any] = {
        "rows": shown,
        "ready": [row for row in shown if row.ready],
        "approvals": sum(row.ready and row.gates.needs_approval for row in shown),
        "asks_password": any(row.ready and row.move.target.protected for row in shown),
        "refused": refused,
        "typed_in": data,
        "key": data.get("key") or str(uuid.uuid4()),
    }
    return render(request, "dashboard/batch_new.html", context, status=refused.status if refused else 200)


def _moves(request: HttpRequest, keys: list[str]) -> list[batches.Move]:
    """From such as shop:dev:test, or shop:dev:test:eu, each with the digest of the plan that was shown."""
    user, found = user_of(request), []
    for key in keys[: batches.LARGEST + 1]:
        parts = key.split(":", 3)
        if len(parts) < 3:
            raise Invalid(
                _("%(given)r is no promotion: it looks like project:from:to.") % {"given": key[:60]}, {"move": _("Such as shop:dev:test.")}
            )
        project = projects.get_project(user, parts[0])
        source, target = (environments.get_environment(user, slug) for slug in parts[1:3])
        digest = request.POST.get(f"digest:{key}") or None
        single = batches.Move(project, source, target, name=parts[3] if len(parts) > 3 else None, digest=digest)
        found += [single] if single.name is not None else batches.spread(single)[0]
    return found


def _reason(text: str) -> str:
    if len(text) > 2000:
        raise Invalid(_("The reason is longer than 2,000 characters."), {"reason": _("At most 2,000 characters.")})
    return text.strip()
