"""Findings as pages show them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from accounts.models import User
from accounts.permissions import Action, may
from migrations_store.findings.finding import Finding, counted
from migrations_store.models import Project

LOOKS = {
    "block": ("fail", "slash", gettext_noop("Blocks")), "error": ("fail", "x", gettext_noop("Error")),
    "warning": ("warn", "warn", gettext_noop("Warning")),
    "info": ("idle", "info", gettext_noop("Info")),
}  # fmt: skip
HEADED = ("block", "error", "warning")
NAMES = {"postgresql": "PostgreSQL", "mysql": gettext_noop("MySQL and MariaDB"), "sqlite": "SQLite"}


@dataclass(frozen=True)
class Accepting:
    """What the reader may do about findings: accept them and take that back, unless `why_not`; `back` is the page that shows them."""

    project: Project
    back: str
    allowed: bool
    why_not: str = ""

    @classmethod
    def by(cls, user: User, project: Project, back: str, why_not: str = "") -> "Accepting":
        """`why_not` is for those who may review, but not this."""
        allowed = may(user, Action.REVIEW, project=project)
        return cls(project, back, allowed and not why_not, why_not if allowed else "")

    def link(self, finding: Finding) -> str:
        """To the form for it."""
        if not self.allowed or not finding.counts:
            return ""
        about = {"rule": finding.rule, "revision": finding.revision, "object": finding.object, "next": self.back}
        return f"{reverse('suppression-new', args=[self.project.slug])}?{urlencode(about)}"

    def taking_back(self, finding: Finding) -> str:
        return (
            reverse("suppression-delete", args=[self.project.slug, finding.suppressed["id"]]) if self.allowed and finding.suppressed else ""
        )


@dataclass(frozen=True)
class Row:
    """One finding with its look; `line_link` leads to its line where the source is on the same page, `accept` to the form for accepting it,
    and `take_back` is where taking that back is posted; `blocks` names the environments whose policy refuses it."""

    finding: Finding
    tone: str
    icon: str
    word: str
    on: str
    until: str
    line_link: str
    accept: str
    take_back: str
    blocks: str


@dataclass(frozen=True)
class Shown:
    """Those that count, and those that somebody has accepted."""

    live: list[Row]
    accepted: list[Row]
    accepting: Accepting | None = None

    @property
    def blocks(self) -> bool:
        return any(row.finding.severity == "block" for row in self.live)

    @property
    def badge(self) -> tuple[str, str, str] | None:
        """For a line: how many, in the look of the worst."""
        return head(row.finding for row in self.live)


def shown(
    findings: Iterable[Finding],
    accepting: Accepting | None = None,
    *,
    source: str = "",
    blocking: Mapping[str, list[str]] | None = None,
) -> Shown:
    """Without `accepting` they are only shown. `source` begins the link to a line of the file, `blocking` maps rules to environments."""
    rows = [_row(finding, accepting, source, blocking or {}) for finding in findings]
    return Shown([row for row in rows if row.finding.counts], [row for row in rows if not row.finding.counts], accepting)


def head(findings: Iterable[Finding]) -> tuple[str, str, str] | None:
    """Such as "1 blocks, 2 errors, 1 warning"; None for none. Infos alone are no reason to look up."""
    counts = counted(findings)
    worst = next((severity for severity in HEADED if counts[severity]), None)
    if worst is None:
        return None
    parts = [_counted(counts[name], name) for name in HEADED if counts[name]]
    return (*LOOKS[worst][:2], ", ".join(parts))


def _counted(number: int, severity: str) -> str:
    words = {
        "block": ngettext("%(count)d blocks", "%(count)d block", number),
        "error": ngettext("%(count)d error", "%(count)d errors", number),
        "warning": ngettext("%(count)d warning", "%(count)d warnings", number),
    }
    return words[severity] % {"count": number}


def look(severity: str) -> tuple[str, str, str]:
    tone, icon, word = LOOKS[severity]
    return tone, icon, _(word)


def _row(finding: Finding, accepting: Accepting | None, source: str, blocking: Mapping[str, list[str]]) -> Row:
    until = (finding.suppressed or {}).get("expires_at") or ""
    link = f"{source}{finding.line}" if source and finding.line and finding.source == "code" else ""
    on = ", ".join(_(NAMES[name]) for name in finding.dialects)
    ways = (accepting.link(finding), accepting.taking_back(finding)) if accepting else ("", "")
    blocks = ", ".join(blocking.get(finding.rule, [])) if finding.counts else ""
    return Row(finding, *look(finding.severity), on, until[:10], link, *ways, blocks)
