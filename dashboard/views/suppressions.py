"""Findings that a project accepts: the list, the form, and taking one back."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.permissions import Action, may, require
from config.errors import Invalid, NotFound
from dashboard import finding_view
from dashboard.forms.suppression import SuppressionForm
from dashboard.requests import user_of
from jobs.proposals import accepting
from migrations_store import suppressions
from migrations_store.findings.registry import RULES
from migrations_store.models import Project
from migrations_store.queries import get_project

SHOWN = 200


@dataclass(frozen=True)
class About:
    """The finding that the form is about, as the link to it says."""

    rule: str
    revision: str
    object: str

    @classmethod
    def of(cls, request: HttpRequest) -> "About":
        found = cls(*(request.GET.get(name, "")[:300] for name in ("rule", "revision", "object")))
        if found.rule not in RULES:
            raise NotFound(f"There is no rule {found.rule[:40]!r}.")
        if not (found.revision + found.object).isprintable():  # a revision with a line break has no page to link to
            raise NotFound(_("There is no such page."))
        return found

    @property
    def scopes(self) -> list[tuple[str, str]]:
        """The narrowest first."""
        found, names = [], {"rule": self.rule, "revision": self.revision, "object": self.object}
        if self.revision and self.object:
            found.append(("object", _("This finding: %(object)s in revision %(revision)s") % names))
        if self.revision:
            found.append(("revision", _("All that %(rule)s finds in revision %(revision)s") % names))
        return [*found, ("project", _("All that %(rule)s finds in this project") % names)]

    def covered(self, scope: str) -> dict[str, str | None]:
        return {
            "revision": self.revision if scope in ("object", "revision") else None,
            "object": self.object if scope == "object" else None,
        }


@require_GET
def index(request: HttpRequest, slug: str) -> HttpResponse:
    user = user_of(request)
    project = get_project(user, slug)
    found = suppressions.listed(user, project)
    rows = [(one, RULES.get(one.rule)) for one in found[:SHOWN]]
    content = {"project": project, "rows": rows, "more": max(0, found.count() - SHOWN) if len(rows) == SHOWN else 0}
    return render(request, "dashboard/suppressions.html", content | {"may_review": may(user, Action.REVIEW, project=project)})


@require_http_methods(["GET", "POST"])
def create(request: HttpRequest, slug: str) -> HttpResponse:
    """`?rule=&revision=&object=` name the finding, `next` is the way back."""
    user = user_of(request)
    project = get_project(user, slug)
    require(user, Action.REVIEW, project=project)
    about = About.of(request)
    form = SuppressionForm(request.POST if request.method == "POST" else None, scopes=about.scopes)
    if request.method == "POST" and form.is_valid() and _accepted(request, project, about, form):
        messages.success(request, _("%(rule)s is accepted. It stays visible, folded, with your reason.") % {"rule": about.rule})
        return redirect(_back(request, project))
    rule = RULES[about.rule]
    content: dict[str, Any] = {"project": project, "about": about, "rule": rule, "form": form}
    content["look"] = finding_view.look(rule.severity.value)
    return render(
        request, "dashboard/suppression_new.html", content | {"back": _back(request, project)}, status=422 if form.errors else 200
    )


@require_POST
def delete(request: HttpRequest, slug: str, id: int) -> HttpResponse:
    user = user_of(request)
    project = get_project(user, slug)
    suppressions.unsuppress(project, id, user=user)
    messages.success(request, _("It was taken back: the finding counts again."))
    return redirect(_back(request, project))


def _accepted(request: HttpRequest, project: Project, about: About, form: SuppressionForm) -> bool:
    given, covered = form.cleaned_data, about.covered(form.cleaned_data["scope"])
    try:
        accepting.accept(project, user=user_of(request), rule=about.rule, reason=given["reason"], expires_at=form.expires_at, **covered)
    except Invalid as refused:
        form.refuse(refused, {"expires_at": "until"})
        return False
    return True


def _back(request: HttpRequest, project: Project) -> str:
    """To the page on which the finding stands, if it is one of ours; else to the list."""
    target = request.POST.get("next", "") or request.GET.get("next", "")
    safe = target.startswith("/") and url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return target if safe else f"/projects/{project.slug}/suppressions/"
