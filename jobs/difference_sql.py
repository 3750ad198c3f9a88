"""The SQL of several revisions, one after the other, as it was written for each of them; and asking for what is missing."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from accounts.models import User
from accounts.permissions import Action, require_part
from jobs import revision_sql
from migrations_store.graph import RevisionNode
from migrations_store.models import Project, RevisionSql

AT_ONCE = 50  # child processes that one click asks for


@dataclass(frozen=True)
class Part:
    """One revision's upgrade. `state` is none (nobody has asked), asked or ready; without `sql`, `unavailable` says why there is none."""

    node: RevisionNode
    state: str
    sql: str
    unavailable: str

    @property
    def is_ready(self) -> bool:
        return self.state == RevisionSql.State.READY


def parts(project: Project, nodes: Iterable[RevisionNode], dialect: str) -> list[Part]:
    """In the same order. One query."""
    wanted = list(nodes)
    kept = RevisionSql.objects.filter(project=project, sha256__in={node.sha256 for node in wanted})
    by_file = {one.sha256: one for one in kept}
    return [_part(node, by_file.get(node.sha256), dialect) for node in wanted]


def ask(project: Project, found: list[Part], *, user: User) -> int:
    """Asks a worker for what nobody has asked for yet, some at a time; how many."""
    require_part(user, Action.CHECK, project=project)
    missing = [part.node for part in found if part.state == "none"][:AT_ONCE]
    for node in missing:
        revision_sql.ask(project, node, user=user)
    return len(missing)


def text(found: Iterable[Part]) -> str:
    """One script, each revision under its own heading; what could not be written is said in a comment."""
    return "\n".join(_told(part) for part in found)


def _part(node: RevisionNode, kept: RevisionSql | None, dialect: str) -> Part:
    if kept is None:
        return Part(node, "none", "", "")
    written: dict[str, Any] = (kept.dialects.get(dialect) or {}).get("upgrade") or {}
    return Part(node, kept.state, (written.get("sql") or "").strip(), written.get("sql_unavailable") or kept.unavailable)


def _told(part: Part) -> str:
    title = f"-- {part.node.revision}  {part.node.message}".rstrip()
    missing = {"none": "nobody has asked for it yet", "asked": "it is being written"}.get(part.state, part.unavailable or "nothing to run")
    return f"{title}\n{part.sql or '-- ' + ' '.join(missing.split())}\n"
