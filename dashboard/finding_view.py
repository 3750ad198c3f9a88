"""Findings as pages show them."""

from collections.abc import Iterable
from dataclasses import dataclass

from migrations_store.findings.finding import Finding, counted

LOOKS = {
    "block": ("fail", "slash", "Blocks"), "error": ("fail", "x", "Error"), "warning": ("warn", "warn", "Warning"),
    "info": ("idle", "info", "Info"),
}  # fmt: skip
HEADED = ("block", "error", "warning")
NAMES = {"postgresql": "PostgreSQL", "mysql": "MySQL and MariaDB", "sqlite": "SQLite"}


@dataclass(frozen=True)
class Row:
    """One finding with its look; `line_link` leads to its line where the source is on the same page."""

    finding: Finding
    tone: str
    icon: str
    word: str
    on: str
    until: str
    line_link: str


@dataclass(frozen=True)
class Shown:
    """Those that count, and those that somebody has accepted."""

    live: list[Row]
    accepted: list[Row]

    @property
    def badge(self) -> tuple[str, str, str] | None:
        """For a line: how many, in the look of the worst."""
        return head(row.finding for row in self.live)


def shown(findings: Iterable[Finding], *, has_source: bool = False) -> Shown:
    rows = [_row(finding, has_source=has_source) for finding in findings]
    return Shown([row for row in rows if row.finding.counts], [row for row in rows if not row.finding.counts])


def head(findings: Iterable[Finding]) -> tuple[str, str, str] | None:
    """Such as "1 blocks, 2 errors, 1 warning"; None for none. Infos alone are no reason to look up."""
    counts = counted(findings)
    worst = next((severity for severity in HEADED if counts[severity]), None)
    if worst is None:
        return None
    parts = [_counted(counts[name], name) for name in HEADED if counts[name]]
    return (*LOOKS[worst][:2], ", ".join(parts))


def _counted(number: int, severity: str) -> str:
    if severity == "block":
        return f"{number} block{'s' if number == 1 else ''}"
    return f"{number} {severity}{'' if number == 1 else 's'}"


def _row(finding: Finding, *, has_source: bool) -> Row:
    until = (finding.suppressed or {}).get("expires_at") or ""
    link = f"#L{finding.line}" if has_source and finding.line and finding.source == "code" else ""
    return Row(finding, *LOOKS[finding.severity], ", ".join(NAMES[name] for name in finding.dialects), until[:10], link)
