"""Approvals: what waits for the reader, and the reader's word on a job."""

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from config.errors import Refused
from dashboard import proposal_view
from dashboard.requests import require_fresh, user_of
from dashboard.review_view import items
from dashboard.views.job import refused_page
from jobs import queries, reviews, services
from jobs.models import Decision, Job
from jobs.proposals import queries as proposals


@login_required
@require_GET
def waiting(request: HttpRequest) -> HttpResponse:
    """What waits for the reader's approval, jobs and proposals, and what of the reader's own waits for others."""
    user = user_of(request)
    wanted = [proposal_view.item(proposal, stands) for proposal, stands in proposals.to_review(user)]
    context = {"items": items(reviews.to_review(user)), "proposals": wanted, "own": items(list(reviews.my_requests(user)[:50]))}
    return render(request, "dashboard/reviews.html", context)


@login_required
@require_POST
def decide(request: HttpRequest, id: str) -> HttpResponse:
    """Approves or rejects; from the list of what waits, back to it."""
    decision, comment = request.POST.get("decision", ""), request.POST.get("comment", "").strip()
    said = _("Job %(number)s approved.") if decision == Decision.APPROVE else _("Job %(number)s rejected.")
    return _done(request, id, lambda job: services.decide(job, user=user_of(request), decision=decision, comment=comment), said)


@login_required
@require_POST
def withdraw(request: HttpRequest, id: str) -> HttpResponse:
    return _done(
        request,
        id,
        lambda job: services.withdraw(job, user=user_of(request)),
        _("Job %(number)s waits for approval again: yours is taken back."),
    )


@login_required
@require_POST
def release(request: HttpRequest, id: str) -> HttpResponse:
    """Runs a job that is approved and was not to run by itself."""
    return _done(request, id, lambda job: services.release(job, user=user_of(request)), _("Job %(number)s runs as soon as its turn comes."))


def _done(request: HttpRequest, id: str, do: Callable[[Job], Job], said: str) -> HttpResponse:
    job = queries.get_job(user_of(request), id)
    if job.database.environment.protected:
        require_fresh(request)
    try:
        do(job)
    except Refused as refused:
        return refused_page(request, queries.get_job(user_of(request), id), refused)
    messages.success(request, said % {"number": job.pk})
    return redirect("reviews") if request.POST.get("back") == "reviews" else redirect("job", job.pk)
