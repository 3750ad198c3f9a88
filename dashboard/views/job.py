"""One job: its state, its steps, its log while it runs, and canceling it."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.permissions import Action, may
from config.errors import Invalid, Refused
from dashboard import approval_view, drift_view, job_view, log_view, wait_view
from dashboard.requests import number_of, user_of
from jobs import aftermath, queries, services, waiting
from jobs.models import Command, Job, JobStatus, StepStatus


@login_required
@require_GET
def job(request: HttpRequest, id: str) -> HttpResponse:
    """The page. `?after=` is where the shown part of the log starts, `?until=` where it ends, `?line=` a line that must be in it."""
    found = queries.get_job(user_of(request), id, Action.READ_LOGS)
    return render(request, "dashboard/job.html", _page(request, found))


@login_required
@require_GET
def status(request: HttpRequest, id: str) -> HttpResponse:
    """Header, phases, error card and steps: what changes while the job runs. The last answer asks for no more."""
    found = queries.get_job(user_of(request), id)
    return render(request, "dashboard/partials/job_state.html", _state(request, found))


@login_required
@require_GET
def log(request: HttpRequest, id: str) -> HttpResponse:
    """The lines after `?after=` and the next poller; 204 when nothing is new."""
    found = queries.get_job(user_of(request), id, Action.READ_LOGS)
    look = log_view.Look.of(request.GET)
    tail = log_view.tail(found, after=number_of(request, "after") or 0, look=look)
    if not tail.groups and not tail.finished and tail.next_after == (number_of(request, "after") or 0):
        return HttpResponse(status=204)
    return render(request, "dashboard/partials/log_tail.html", {"job": found, "log": tail, "look": look, "live": not tail.finished})


@login_required
@require_GET
def log_text(request: HttpRequest, id: str) -> StreamingHttpResponse:
    """The whole log as text, a page at a time, so that a long one takes no memory."""
    found = queries.get_job(user_of(request), id, Action.READ_LOGS)
    answer = StreamingHttpResponse(_text_lines(found), content_type="text/plain; charset=utf-8")
    answer["Content-Disposition"] = f'inline; filename="job-{found.pk}.txt"'
    return answer


@login_required
@require_POST
def cancel(request: HttpRequest, id: str) -> HttpResponse:
    """Asks for the cancellation; a reason is required, because others will read it."""
    user = user_of(request)
    found = queries.get_job(user, id)
    reason = request.POST.get("reason", "").strip()
    try:
        services.cancel_job(found, user=user, reason=_needed(reason))
    except Refused as refused:
        return refused_page(request, found, refused)
    return redirect("job", found.pk)


def refused_page(request: HttpRequest, found: Job, refused: Refused) -> HttpResponse:
    """The job's page, with why what was just asked for it was not done."""
    typed_in = {"refused": refused, "reason": request.POST.get("reason", ""), "comment": request.POST.get("comment", "")}
    return render(request, "dashboard/job.html", _page(request, found) | typed_in, status=refused.status)


def _needed(reason: str) -> str:
    if not reason:
        raise Invalid(_("Say why, in a few words: whoever waits for this job will read it."), {"reason": _("Say why, in a few words.")})
    return reason


def _page(request: HttpRequest, found: Job) -> dict[str, Any]:
    look = log_view.Look.of(request.GET)
    line = number_of(request, "line")
    after = max(0, line - 50) if line else number_of(request, "after")
    window = log_view.window(found, after=after, look=look, until=number_of(request, "until"))
    shown = {
        "log": window,
        "look": look,
        "levels": log_view.LEVELS,
        "clocks": log_view.CLOCKS,
        "line": line,
        "fresh": True,
        "live": not (window.finished or window.more),
    }
    user = user_of(request)
    compared = drift_view.found(found, user) if found.command == Command.CHECK else None
    return _state(request, found) | shown | {"card": approval_view.card(found, user), "compared": compared}


def _state(request: HttpRequest, found: Job) -> dict[str, Any]:
    steps = list(found.steps.all())
    done = sum(step.status == StepStatus.SUCCEEDED for step in steps)
    tone, icon, word = job_view.look(found)
    rows = job_view.step_rows(found, steps)
    user = user_of(request)
    return {
        "job": found,
        "tone": tone,
        "icon": icon,
        "word": word,
        "elapsed": job_view.elapsed(found),
        "phases": job_view.phases(found, steps),
        "steps": rows,
        "marks": any(row.before for row in rows),
        "steps_done": done,
        "steps_now": min(done + 1, len(steps)),
        "database_sentence": job_view.database_sentence(found),
        "cancel_effect": aftermath.cancel_sentence(found),
        "cancel_words": wait_view.cancel_words(found),
        "wait": wait_view.card(waiting.of(found)),
        "held": job_view.held(found),
        "facts": job_view.facts(found),
        "rerun": job_view.rerun_is_safe(found),
        "poll": job_view.poll_seconds(found),
        "may_audit": may(user, Action.AUDIT, **_place(found)),
        "may_cancel": may(user, Action.RUN, **_place(found)) and not found.cancel_requested_at and _cancelable(found),
    }


def _place(found: Job) -> dict[str, Any]:
    return {"project": found.database.project, "environment": found.database.environment}


def _cancelable(found: Job) -> bool:
    return found.status in (JobStatus.QUEUED, JobStatus.AWAITING_APPROVAL, JobStatus.RUNNING)


def _text_lines(found: Job) -> Any:
    after = 0
    while True:
        page = queries.log_lines(found, after, 5000)
        if not page.items:
            return
        yield "".join(f"{at} {stream:9} {text}\n" for _, at, stream, text in page.items)
        after = page.next_after
