"""Models against databases: what the last checks of a project found, asking for new ones everywhere, and what is called noise."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import User
from accounts.permissions import Action, reach, require, require_part
from config.errors import Invalid
from config.retelling import told
from dashboard import drift_view
from dashboard.forms.ignored import PLACES, IgnoreForm
from dashboard.requests import require_fresh, user_of
from environments import queries as environments
from environments.models import Database
from jobs.drift import everywhere as checks
from jobs.drift import ignoring, ledger, queries
from migrations_store.differences import snippets
from migrations_store.models import IgnoredDifference, Project
from migrations_store.queries import get_project

LISTED, PAGE = 200, 50


@require_GET
def everywhere(request: HttpRequest) -> HttpResponse:
    """Every database, those that differ first; `?show=differing` leaves out the others, `?page=` pages."""
    user, only = user_of(request), request.GET.get("show") == "differing"
    page = Paginator(queries.everywhere(user, only_differing=only), PAGE).get_page(request.GET.get("page"))
    content = {
        "page": page, "lines": drift_view.lines(queries.rows_of(page.object_list)), "only": only, "projects": True,
        "databases": environments.databases(user).order_by().count(),
    }  # fmt: skip
    return render(request, "dashboard/drift_everywhere.html", content)


@require_http_methods(["GET", "POST"])
def drift(request: HttpRequest, slug: str) -> HttpResponse:
    """A post asks for a check of every database; those that are refused are told by name."""
    user = user_of(request)
    found = get_project(user, slug)
    if request.method == "POST":
        asked = checks.check_everywhere(found, user=user)
        if not asked.refused:
            messages.success(request, _asked(asked))
            return redirect("drift", found.slug)
        return render(request, "dashboard/drift.html", _page(found, user) | {"asked": asked, "asked_words": _asked(asked)})
    template = "dashboard/partials/drift_rows.html" if request.headers.get("HX-Request") else "dashboard/drift.html"
    return render(request, template, _page(found, user))


@require_GET
def ignored(request: HttpRequest, slug: str) -> HttpResponse:
    """Every rule: those that count or wait, and those that are over."""
    user = user_of(request)
    found = get_project(user, slug)
    views = [drift_view.rule_view(rule, user) for rule in ledger.rules(user, found)[:LISTED]]
    content = {
        "project": found, "alive": [view for view in views if not view.rule.over], "over": [view for view in views if view.rule.over],
        "may_ignore": reach(user, Action.CHECK).touches(project=found),
    }  # fmt: skip
    return render(request, "dashboard/ignored.html", content)


@require_http_methods(["GET", "POST"])
def new(request: HttpRequest, slug: str) -> HttpResponse:
    """`?database=` and the names of a difference say what; without them only a pattern can be given."""
    user = user_of(request)
    found = get_project(user, slug)
    require_part(user, Action.CHECK, project=found)
    databases = list(environments.databases(user, project=found))
    entry = {name: request.GET.get(name, "")[:255] for name in PLACES}
    form = IgnoreForm(request.POST or None, databases=databases, initial={"where": _where(request, databases)})
    if request.method == "POST" and form.is_valid() and _made(request, form, found, entry):
        return redirect("ignored", found.slug)
    content = {"project": found, "form": form, "entry": entry if entry["kind"] else None, "sample": _sample(found, entry)}
    return render(request, "dashboard/ignored_new.html", content, status=422 if form.errors else 200)


@require_POST
def decide(request: HttpRequest, slug: str, id: int) -> HttpResponse:
    """Approve, reject, or take back."""
    user = user_of(request)
    rule = ledger.get_rule(user, get_project(user, slug), id)
    decision = request.POST.get("decision", "")
    if decision == "take_back":
        ignoring.take_back(rule, user=user)
    else:
        require(user, Action.REVIEW, project=rule.project, environment=rule.environment)
        if ignoring.needs_second(rule):
            require_fresh(request)
        ignoring.decide(rule, user=user, decision=decision, comment=request.POST.get("comment", ""))
    outcome = _("taken back") if decision == "take_back" else told(rule.get_decision_display()).lower()
    messages.success(request, f"{told(str(rule)).capitalize()}: {outcome}.")
    return redirect("ignored", slug)


def _page(found: Project, user: User) -> dict[str, Any]:
    rows = queries.rows(user, found)
    same = queries.same(rows)
    return {
        "project": found, "lines": drift_view.lines(rows), "words": drift_view.in_words(rows), "same": drift_view.shared(same[:LISTED]),
        "more": max(0, len(same) - LISTED), "running": any(row.state == "running" for row in rows),
        "rules": ledger.alive(found).count(), "may_run": reach(user, Action.RUN).touches(project=found),
        "may_ignore": reach(user, Action.CHECK).touches(project=found), "hidden": sum(len(row.ignored) for row in rows),
    }  # fmt: skip


def _asked(asked: checks.Asked) -> str:
    number, running = len(asked.jobs), len(asked.under_way)
    begun = ngettext("%(number)s check was asked for.", "%(number)s checks were asked for.", number) % {"number": number}
    ran = ngettext("%(number)s was under way already.", "%(number)s were under way already.", running) % {"number": running}
    return f"{begun} {ran}" if running else begun


def _made(request: HttpRequest, form: IgnoreForm, found: Project, entry: dict[str, str]) -> bool:
    """False with the refusal at its field."""
    fields: dict[str, Any] = form.fields_for_service()
    try:
        rule = ignoring.ignore(found, user=user_of(request), **(fields if fields["pattern"] else fields | entry))
    except Invalid as refused:
        form.refuse(refused, {"expires_at": "until"})
        return False
    waits = ignoring.needs_second(rule)
    outcome = _("waits for a second person where it is protected") if waits else _("ignored")
    messages.success(request, f"{told(rule.subject).capitalize()}: {outcome}.")
    return True


def _where(request: HttpRequest, databases: list[Database]) -> str:
    """The database whose difference it is; without one, all of the project."""
    named = request.GET.get("database", "")
    return f"database:{named}" if any(str(one.pk) == named for one in databases) else ""


def _sample(found: Project, entry: dict[str, str]) -> snippets.Snippet | None:
    """The lines of env.py for what is about to be ignored, if there can be such a difference."""
    rule = IgnoredDifference(project=found, **entry)
    return None if ignoring.wrong_subject(rule) else snippets.snippet(rule)
