"""One proposal: what will change, its file, its SQL, what is dangerous, what is said of it, and its versions."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from accounts.models import User
from accounts.permissions import Action
from config.errors import NotFound
from config.retelling import told
from dashboard import (
    diagram,
    diagram_svg,
    proposal_findings,
    proposal_objects,
    proposal_talk,
    proposal_versions,
    proposal_view,
    proposal_ways,
    svg,
)
from dashboard.requests import number_of, user_of
from jobs import health
from jobs.proposals import access, queries, reviewing
from jobs.proposals.standing import Standing
from migrations_store.models import Comment, Proposal, ProposalVersion, Review

TEXTS = {"dot": diagram.dot, "mmd": diagram.mermaid}
UNDER_WAY = (Proposal.Status.QUEUED, Proposal.Status.RUNNING)


@require_GET
def proposal(request: HttpRequest, id: str) -> HttpResponse:
    """`?tab=` chooses the part; `?say=` opens a form for a comment at a row or a line."""
    return render(request, "dashboard/proposal.html", page(request, queries.get_proposal(user_of(request), id)))


@require_GET
def status(request: HttpRequest, id: str) -> HttpResponse:
    """What has come since `?seen=`: 204 for nothing, a line that leads to it, or the page anew where there was nothing to read yet."""
    found = queries.get_proposal(user_of(request), id)
    seen, now = request.GET.get("seen", ""), stamp(found)
    if seen == now:
        return HttpResponse(status=204)
    news = _news(seen, now)
    if not news:
        return HttpResponse(status=204, headers={"HX-Refresh": "true"})
    return render(request, "dashboard/proposal/news.html", {"proposal": found, "news": news})


@require_GET
def sql_text(request: HttpRequest, id: str) -> HttpResponse:
    """The SQL of one dialect, one way, as a file."""
    found = queries.get_proposal(user_of(request), id)
    version = queries.newest_version(found)
    dialect, way = request.GET.get("dialect", ""), request.GET.get("way", "upgrade")
    if version is None or way not in proposal_view.WAYS or dialect not in dict(proposal_view.languages(version)):
        unknown = _("There is no such SQL of %(proposal)s: name a dialect and a way, upgrade or downgrade, that its page offers.")
        raise NotFound(unknown % {"proposal": told(str(found))})
    answer = HttpResponse(proposal_view.sql_text(version, dialect, way), content_type="text/plain; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="proposal-{found.pk}-v{version.number}-{dialect}-{way}.sql"'
    return answer


@require_GET
def drawing(request: HttpRequest, id: str, form: str) -> HttpResponse:
    """The diagram of the newest version: an SVG that stands alone, or text for Graphviz or Mermaid."""
    found = queries.get_proposal(user_of(request), id)
    tables = diagram.of(queries.newest_version(found))
    if tables is None or form not in ("svg", *TEXTS):
        raise NotFound(_("There is no such diagram of %(proposal)s.") % {"proposal": told(str(found))})
    name = f"proposal-{found.pk}.{form}"
    if form == "svg":
        title = _("Tables of proposal %(number)s") % {"number": found.pk}
        return svg.answer(diagram_svg.draw(tables, title), diagram_svg.STYLE, name)
    answer = HttpResponse(TEXTS[form](tables), content_type="text/plain; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def page(request: HttpRequest, found: Proposal) -> dict[str, Any]:
    """All that the page shows, of the tab that was asked for."""
    user, version = user_of(request), queries.newest_version(found)
    tab = request.GET.get("tab") or request.POST.get("tab", "structure")
    tables = diagram.of(version)
    tab = tab if tab in proposal_view.TABS and (tables or tab != "diagram") else "structure"
    stands, reviews = queries.standing(found), queries.reviews(found)
    objects = proposal_objects.context(request, found, version, user, tab)
    talks = objects["talks"]
    findings = proposal_findings.shown(version, user, is_author=user.pk in stands.authors)
    context = {
        "proposal": found,
        "version": version,
        "tab": tab,
        "look": proposal_view.look(found, stands),
        "standing": stands,
        "people": proposal_view.people(stands, reviews),
        "left": _("Scratch database") if found.scratch else found.against.partition("/")[2] or _("Database"),
        "diagram": tables,
        "discussion": len([talk for talk in talks if not talk.thread.resolved_at]),
        "timeline": proposal_talk.timeline(talks, [review for review in reviews if review.comment or review.decision != "comment"]),
        "say": request.GET.get("say", "")[:40],
        "talk": True,
        "stamp": stamp(found),
        "is_live": found.status in UNDER_WAY,
        "health": health.read() if found.status in UNDER_WAY else None,
        "may_check": access.may(user, Action.CHECK, found),
    } | _voice(user, found, version, stands)
    context |= objects | findings
    context |= proposal_ways.context(request, found, version, stands)
    return context | (_of_tab(request, tab, version, talks) if version else {})


def stamp(found: Proposal) -> str:
    """What tells one state of the page from another."""
    comments = Comment.objects.filter(thread__proposal=found).count() + Review.objects.filter(version__proposal=found).count()
    newest = found.versions.order_by("-number").values_list("number", flat=True).first() or 0
    return f"{found.status}.{newest}.{comments}"


def _voice(user: User, found: Proposal, version: ProposalVersion | None, stands: Standing) -> dict[str, Any]:
    """What the reader may say."""
    is_author = user.pk in stands.authors
    may_review = access.may(user, Action.REVIEW, found)
    decides = may_review and not is_author and version is not None and found.status == Proposal.Status.OPEN
    return {"is_author": is_author, "may_talk": version is not None and reviewing.may_talk(user, found), "may_decide": decides}


def _of_tab(request: HttpRequest, tab: str, version: ProposalVersion, talks: list[proposal_talk.Talk]) -> dict[str, Any]:
    if tab == "python":
        return {"sources": proposal_talk.sources(talks, version)}
    if tab == "sql":
        return _sql(request, version)
    return _versions(request, version) if tab == "versions" else {}


def _sql(request: HttpRequest, version: ProposalVersion) -> dict[str, Any]:
    offered = proposal_view.languages(version)
    names = [name for name, _ in offered]
    dialect, way = request.GET.get("dialect", ""), request.GET.get("way", "")
    dialect = dialect if dialect in names else next(iter(names), "")
    way = way if way in proposal_view.WAYS else "upgrade"
    shown = proposal_view.scripts(version, dialect, way)
    return {"dialects": offered, "dialect": dialect, "ways": proposal_view.WAYS, "way": way, "scripts": shown}


def _versions(request: HttpRequest, newest: ProposalVersion) -> dict[str, Any]:
    """`?a=` and `?b=` are the numbers of the two to compare; without, the newest and the one before."""
    versions = list(queries.versions(newest.proposal).defer("files", "changes", "facts", "snapshot__graph", "snapshot__manifest"))
    chosen = (number_of(request, "a") or newest.number - 1, number_of(request, "b") or newest.number)
    both = list(queries.versions(newest.proposal).filter(number__in=chosen).order_by("number"))
    compared = proposal_versions.between(*both) if len(both) == 2 else None
    return {"versions": versions, "between": compared, "chosen": chosen}


def _news(seen: str, now: str) -> list[str]:
    """In words; empty where the page had nothing but its progress to show."""
    before, after = seen.split("."), now.split(".")
    if len(before) != 3 or before[1] == "0" or not before[2].isdigit():
        return []
    more = int(after[2]) - int(before[2])
    news = [ngettext("%(number)s new comment", "%(number)s new comments", more) % {"number": more}] if more > 0 else []
    if before[1] != after[1]:
        news.append(_("version %(number)s is there") % {"number": after[1]})
    elif before[0] != after[0]:
        news.append(_("it is %(status)s now") % {"status": told(str(Proposal.Status(after[0]).label)).lower()})
    return news
