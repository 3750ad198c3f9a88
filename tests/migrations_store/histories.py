"""Histories written as real Alembic projects, and what Alembic itself makes of them."""

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alembic.config import Config
from alembic.runtime.migration import HeadMaintainer
from alembic.script import ScriptDirectory

from migrations_store import graph, reading
from migrations_store.graph import Graph
from migrations_store.models import Project

INI = "[alembic]\nscript_location = %(here)s/migrations\n"
FILE = '''"""{message}"""
revision = {id!r}
down_revision = {down!r}
branch_labels = {labels!r}
depends_on = {depends!r}


def upgrade():
    pass


def downgrade():
    pass
'''


@dataclass(frozen=True)
class Rev:
    """One revision to be written."""

    id: str
    down: tuple[str, ...] = ()
    depends: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    message: str = ""

    def text(self) -> str:
        values = {"down": _scalar(self.down), "labels": _scalar(self.labels), "depends": _scalar(self.depends)}
        return FILE.format(id=self.id, message=self.message or f"makes {self.id}", **values)


def _scalar(names: tuple[str, ...]) -> Any:
    return None if not names else names[0] if len(names) == 1 else names


def write(root: Path, revisions: Iterable[Rev]) -> Path:
    """A project in `root`; files are named so that their order is not the order of the history."""
    versions = root / "migrations" / "versions"
    versions.mkdir(parents=True, exist_ok=True)
    (root / "alembic.ini").write_text(INI)
    for revision in revisions:
        (versions / f"{revision.id}.py").write_text(revision.text())
    return root


def project_at(root: Path, **fields: Any) -> Project:
    """Not saved."""
    return Project(slug="history", source_kind="directory", source_path=str(root), **fields)


def ours(root: Path) -> Graph:
    """The graph as it comes out of the store."""
    return graph.from_document(reading.read_code(project_at(root)).revisions.document)


def theirs(root: Path) -> ScriptDirectory:
    """Alembic's own, with every file imported."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scripts = ScriptDirectory.from_config(Config(root / "alembic.ini"))
        _ = scripts.revision_map.heads
    return scripts


class Table(HeadMaintainer):
    """Alembic's bookkeeping of the version table, over a set instead of a table."""

    def __init__(self, heads: Sequence[str]) -> None:
        super().__init__(None, heads)  # type: ignore[arg-type]

    def _insert_version(self, version: str) -> None:
        assert version not in self.heads
        self.heads.add(version)

    def _delete_version(self, version: str) -> None:
        self.heads.remove(version)

    def _update_version(self, from_: str, to_: str) -> None:
        assert to_ not in self.heads
        self.heads.remove(from_)
        self.heads.add(to_)


def asked(scripts: ScriptDirectory, command: str, target: Any, current: Sequence[str]) -> list[Any]:
    """The steps as Alembic's commands ask for them."""
    ask = {"upgrade": scripts._upgrade_revs, "downgrade": scripts._downgrade_revs, "stamp": scripts._stamp_revs}[command]
    return list(ask(target, tuple(sorted(current))))


def after(current: Sequence[str], steps: Iterable[Any]) -> list[str]:
    """What the version table holds after these steps."""
    table = Table(current)
    for step in steps:
        table.update_to_step(step)
    return sorted(table.heads)
