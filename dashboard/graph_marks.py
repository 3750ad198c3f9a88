"""What is to be known of each revision that is shown: how much it risks, and whether there is a way back."""

from dataclasses import replace

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from config.doorbell import ring
from dashboard.graph_rows import Look, Row, Window
from environments.models import Database
from environments.urls import dialect
from migrations_store import risks
from migrations_store.findings.change import DIALECTS
from migrations_store.graph import Graph, RevisionNode
from migrations_store.models import Snapshot

RISKS: dict[str, tuple[str, str, str | Promise]] = {
    "loss": ("fail", "loss", _("Data loss")),
    "high": ("warn", "risk3", _("High")),
    "medium": ("idle", "risk2", _("Medium")),
    "low": ("idle", "risk1", _("Low")),
    "none": ("idle", "", _("no changes")),
}
BACK: dict[str, str | Promise] = {
    "empty": _("empty downgrade"),
    "raises": _("downgrade refuses"),
    "absent": _("no downgrade"),
}


def dialects_of(databases: list[Database]) -> frozenset[str]:
    """The kinds of databases there are; all while there are none."""
    return frozenset(dialect(database.driver) for database in databases) or DIALECTS


def marked(window: Window, snapshot: Snapshot, databases: list[Database]) -> Window:
    """The rows with their marks. A few files that nobody has judged yet are judged here; a worker is asked for the rest."""
    files = [node.sha256 for node in window.nodes]
    levels = risks.known(files, dialects_of(databases))
    if new := [sha256 for sha256 in files if sha256 not in levels]:
        risks.judge(new[: risks.AT_ONCE])
        levels |= risks.known(new[: risks.AT_ONCE], dialects_of(databases))
        if len(new) > risks.AT_ONCE:
            ring(risks.TASK, snapshot.pk)
    return replace(window, rows=[_marked(row, row.node, levels) if row.node else row for row in window.rows])


def of_level(graph: Graph, found: list[str], level: str, databases: list[Database]) -> tuple[list[str], int]:
    """Those of this risk, and how many have not been judged yet."""
    files = {id: graph.revisions[id].sha256 for id in found}
    levels = risks.known(files.values(), dialects_of(databases))
    return [id for id in found if levels.get(files[id]) == level], sum(sha256 not in levels for sha256 in files.values())


def _marked(row: Row, node: RevisionNode, levels: risks.Levels) -> Row:
    level = levels.get(node.sha256, "")
    return replace(row, risk=risk(level), back=way_back(node, level))


def risk(level: str) -> Look | None:
    """None where nobody has looked yet; what changes nothing has a word and no sign."""
    found = RISKS.get(level)
    return (found[0], found[1], str(found[2])) if found else None


def way_back(node: RevisionNode, level: str) -> str:
    """A few words where there is none; a revision that changes nothing needs none."""
    return "" if level == "none" or node.is_merge else str(BACK.get(node.downgrade, ""))
