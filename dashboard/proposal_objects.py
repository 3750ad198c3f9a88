"""The objects of a proposal in pages of bearable length, with what leads to each of them and what is said at it."""

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts.models import User
from config.retelling import told
from dashboard import differences_view, drift_view, proposal_talk
from dashboard.differences_view import Group
from jobs.proposals import queries
from migrations_store.models import Proposal, ProposalVersion, ThreadKind

ROWS = 150  # on one page, unless one table has more


def context(request: HttpRequest, found: Proposal, version: ProposalVersion | None, user: User, tab: str) -> dict[str, Any]:
    """`groups` are all tables, `tables` those of the page; `before` and `after` lead to the pages beside it."""
    counted, ignored = drift_view.of_proposal(found, version, user)
    groups = differences_view.groups(counted, version.facts.get("rows")) if version else []
    threads, pages = queries.threads(found), paged(groups)
    keys = {str(thread.pk): thread.anchor for thread in threads if thread.kind == ThreadKind.OBJECT}
    shown = _page_of(pages, _wanted(request), keys.get(request.GET.get("thread", "")))
    _link(pages, shown, tab == "structure")
    talks = proposal_talk.talks(threads, version, groups)
    proposal_talk.at_rows(talks, groups, queries.viewed(found, version, user))
    beside = {"before": pages[shown - 1][0] if shown else None, "after": pages[shown + 1][0] if shown + 1 < len(pages) else None}
    return ignored | beside | {
        "groups": groups,
        "tables": pages[shown],
        "page_number": shown + 1,
        "page_count": len(pages),
        "talks": talks,
        "objects": sum(len(group.rows) for group in groups),
        "viewed_count": sum(row.viewed for group in groups for row in group.rows),
        "losses": _losses(version),
    }  # fmt: skip


def _losses(version: ProposalVersion | None) -> list[str]:
    """Also those that a rule calls noise: the file loses them all the same."""
    groups = differences_view.groups(version.changes, version.facts.get("rows")) if version else []
    lost = [(row.entry["data_loss"], group.rows_held) for group in groups for row in group.rows if row.entry["data_loss"]]
    has = _("The table has %(rows)s.")
    return [told(loss) + (f" {has % {'rows': held}}" if held else "") for loss, held in lost]


def paged(groups: list[Group]) -> list[list[Group]]:
    """At least one page; no table is on two."""
    pages: list[list[Group]] = [[]]
    for group in groups:
        if pages[-1] and sum(len(one.rows) for one in pages[-1]) + len(group.rows) > ROWS:
            pages.append([])
        pages[-1].append(group)
    return pages


def _wanted(request: HttpRequest) -> str:
    """The row or table that has to be on the page."""
    return request.GET.get("at") or request.GET.get("say") or request.POST.get("group", "")


def _page_of(pages: list[list[Group]], wanted: str, key: str | None) -> int:
    """The page that has it by its id or by its key; the first for what is nowhere."""
    for number, page in enumerate(pages):
        for group in page:
            if group.id == wanted or any(row.id == wanted or row.key == key for row in group.rows):
                return number
    return 0


def _link(pages: list[list[Group]], shown: int, is_structure: bool) -> None:  # noqa: FBT001 one of two places
    """Where each is found; what is on this very page needs no other."""
    for number, page in enumerate(pages):
        for group in page:
            group.is_here = number == shown
            other = f"?tab=structure&at={group.id}" if len(pages) > 1 else "?tab=structure"
            base = "" if is_structure and group.is_here else other
            group.link = f"{base}#{group.id}"
            for row in group.rows:
                row.link = f"{base}#{row.id}"
