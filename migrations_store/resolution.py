"""From a revision argument to explicit steps. The rules are Alembic's own, fed with what the static reading knows."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, cast

from alembic.runtime.migration import HeadMaintainer, MigrationStep, RevisionStep, StampStep
from alembic.script import ScriptDirectory
from alembic.script.revision import MultipleHeads, RangeNotAncestorError, Revision, RevisionError, RevisionMap
from alembic.util import CommandError

from migrations_store.errors import ResolutionError
from migrations_store.graph import LOADED, Graph, RevisionNode

LONGEST = 255
PLAIN = re.compile(r"[\w.@+:\-]+( [\w.@+:\-]+)*", re.ASCII)
TRAILING = re.compile(r"(?:.+?@)?\w*[+-]\d+\D")  # Alembic reads one-1-1 as one-1, and forgets the rest

WALK = re.compile(r"(?P<start>\w*)(?P<way>[+-])(?P<steps>\d+)", re.ASCII)

SEVERAL = re.compile(r"Multiple revisions start with '(?P<part>.*)': (?P<found>.*)\.\.\.$")  # Alembic names the first three


@dataclass(frozen=True)
class ResolvedStep:
    """`direction` is upgrade, downgrade or stamp; for a downgrade the revision is the one that is undone."""

    revision: str
    direction: str
    message: str = ""
    down_revisions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Resolution:
    """`purge`: a stamp that has to empty the version table first, for its rows make no sense to Alembic."""

    steps: list[ResolvedStep]
    from_heads: list[str]
    to_heads: list[str]
    warnings: list[str] = field(default_factory=list)
    purge: bool = False


def resolve(graph: Graph, command: str, revision: str | Sequence[str], current: Sequence[str]) -> Resolution:
    """The steps that bring a database at `current` to `revision`. ResolutionError names the cause and the candidates."""
    return Resolver(graph, command, _argument(revision), list(current)).resolve()


def _argument(revision: str | Sequence[str]) -> str | tuple[str, ...]:
    parts = [revision] if isinstance(revision, str) else list(revision)
    for part in parts:
        if not part or len(part) > LONGEST or not PLAIN.fullmatch(part) or TRAILING.match(part):
            raise ResolutionError(
                f"{part[:60]!r} is not a revision. Use an id, the beginning of one, head, heads, base, label@head, +1 or -1."
            )
    return parts[0] if len(parts) == 1 else tuple(parts)


class StaticRevision(Revision):
    """A revision as RevisionMap wants it. Its functions are never called: only the order of steps is asked for."""

    class module:  # noqa: N801 - Alembic's attribute
        @staticmethod
        def upgrade() -> None: ...

        @staticmethod
        def downgrade() -> None: ...

    doc = ""


class StaticScripts(ScriptDirectory):
    """Alembic's directory over a graph that was read statically; it opens no file."""

    def __init__(self, graph: Graph) -> None:
        self.revision_map = RevisionMap(lambda: [_static(node, graph) for node in graph.revisions.values()])


def _static(node: RevisionNode, graph: Graph) -> Revision:
    downs = tuple(parent for parent in node.down_revisions if parent in graph.revisions)
    needs = tuple(need for need in node.depends_on if need in graph.revisions)
    labels = tuple(label for label in node.branch_labels if graph.labels.get(label) == node.revision and label not in graph.revisions)
    return StaticRevision(node.revision, downs or None, dependencies=needs or None, branch_labels=labels or None)


class Heads(HeadMaintainer):
    """Follows what a version table would hold, without one; as strict as Alembic's, which fails with KeyError or AssertionError."""

    def __init__(self, heads: Collection[str]) -> None:
        super().__init__(cast("Any", None), heads)

    def _insert_version(self, version: str) -> None:
        assert version not in self.heads
        self.heads.add(version)

    def _delete_version(self, version: str) -> None:
        self.heads.remove(version)

    def _update_version(self, from_: str, to_: str) -> None:
        assert to_ not in self.heads
        self.heads.remove(from_)
        self.heads.add(to_)


@lru_cache(maxsize=LOADED)
def scripts_of(graph: Graph) -> StaticScripts:
    """Its map is built when it is first asked something."""
    return StaticScripts(graph)


class Resolver:
    """One question."""

    def __init__(self, graph: Graph, command: str, argument: str | tuple[str, ...], current: list[str]) -> None:
        self.graph, self.command, self.argument, self.current = graph, command, argument, current
        self.scripts = scripts_of(graph)

    def resolve(self) -> Resolution:
        strange = sorted(row for row in set(self.current) if row not in self.graph.revisions)
        overlapping = not strange and self._overlapping()
        purge = self.command == "stamp" and bool(strange or overlapping)
        if not purge and strange:
            raise ResolutionError(
                f"The database is at {', '.join(strange)}, which this code does not contain, so Alembic cannot move it. "
                "Read the code that has this revision, or stamp the database if you know where it is.",
                "unknown_revision",
            )
        if not purge and overlapping:
            raise ResolutionError(
                f"The version table holds {', '.join(sorted(self.current))}, of which one implies another, so Alembic cannot move it. "
                "Stamp the database to mend the table.",
                "overlapping",
            )
        start = [] if purge else self.current
        steps = self._asked(start)
        warnings = [f"The version table holds {', '.join(sorted(self.current))}; it is emptied before the stamp."] if purge else []
        return Resolution([self._told(step) for step in steps], sorted(self.current), self._end(start, steps), warnings, purge)

    def _overlapping(self) -> bool:
        rows = set(self.current)
        return len(rows) < len(self.current) or any(row in self.graph.ancestors(rows - {row}) for row in rows)

    def _asked(self, start: list[str]) -> list[MigrationStep]:
        self._refuse_unclear()
        heads = tuple(sorted(start))
        try:
            if self.command == "upgrade":
                return list(self.scripts._upgrade_revs(cast("str", self.argument), cast("str", heads)))
            if self.command == "downgrade":
                return list(self.scripts._downgrade_revs(cast("str", self.argument), cast("str", heads)))
            return list(self.scripts._stamp_revs(cast("str", self.argument), cast("Any", heads)))
        except (CommandError, RevisionError) as error:
            raise self._explained(error) from None
        except (KeyError, AssertionError, ValueError, TypeError, AttributeError, IndexError):
            raise ResolutionError(f"{self._shown()} does not lead to a list of revisions here.") from None

    def _refuse_unclear(self) -> None:
        """What Alembic answers with a warning, by picking one."""
        argument = self.argument
        if not isinstance(argument, str):
            return
        if self.command == "downgrade" and re.fullmatch(r"-\d+", argument) and len(set(self.current)) > 1:
            raise ResolutionError(
                f"The database has several heads ({', '.join(sorted(self.current))}), so {argument} could undo either. Name a revision.",
                "multiple_heads",
            )

    def _explained(self, error: Exception) -> ResolutionError:
        cause = error.__cause__
        if isinstance(error, MultipleHeads) or isinstance(cause, MultipleHeads) or "Multiple head" in str(error):
            heads = ", ".join(self.graph.heads)
            return ResolutionError(
                f"The code has several heads: {heads}. Name one of them, use heads for all, or label@head for a branch.", "multiple_heads"
            )
        if isinstance(cause, RangeNotAncestorError) or "not a valid downgrade target" in str(error) or "ancestor" in str(error):
            where = ", ".join(sorted(self.current)) or "base"
            return ResolutionError(
                f"{self._shown()} is not on the way from where the database is ({where}) in the direction of {self.command}.", "no_path"
            )
        if several := SEVERAL.match(str(cause)):
            found = several["found"].replace("'", "")
            return ResolutionError(f"{several['part']} is ambiguous; it could be {found}. Name one in full.", "ambiguous_revision")
        if "Ambiguous walk" in str(error) and (ways := self._ways()):
            return ResolutionError(f"{self._shown()} comes to a fork: it could be {ways}. Name the revision.", "ambiguous_revision")
        if "Ambiguous walk" in str(error):
            return ResolutionError(f"{self._shown()} comes to a fork. Name the revision.", "ambiguous_revision")
        if "didn't produce" in str(error) or "Walked too far" in str(error):
            return ResolutionError(f"{self._shown()} goes beyond the end: there are not that many revisions.", "no_path")
        if "@" in self._shown() and self._has_computed_labels():
            return ResolutionError(
                f"There is no branch {self._shown()}: files of this history compute their branch labels when they are imported, and a "
                "reading without running them cannot know these. Name the revision.",
                "no_such_revision",
            )
        return ResolutionError(f"There is no revision {self._shown()} in the code: {str(error)[:300]}.", "no_such_revision")

    def _has_computed_labels(self) -> bool:
        return any(fault.kind == "computed" and " computes branch_labels " in fault.message for fault in self.graph.faults)

    def _ways(self) -> str:
        """The revisions between which a walk by +N or -N cannot choose; empty where the argument says more than that."""
        walk = WALK.fullmatch(self._shown())
        reached = self._start(walk["start"]) if walk else []
        for _ in range(int(walk["steps"]) if walk and len(reached) < 2 else 0):
            reached = self._next(reached[0], up=walk["way"] == "+") if walk and reached else self.graph.bases
            if len(reached) != 1:
                break
        return ", ".join(sorted(reached)) if len(reached) > 1 else ""

    def _start(self, named: str) -> list[str]:
        found = self.scripts.revision_map.get_revision(named) if named else None
        return [str(found.revision)] if found else self.current

    def _next(self, id: str, *, up: bool) -> list[str]:
        children = [node.revision for node in self.graph.revisions.values() if id in node.down_revisions]
        return children if up else list(self.graph.revisions[id].down_revisions)

    def _shown(self) -> str:
        return self.argument if isinstance(self.argument, str) else " ".join(self.argument)

    def _told(self, step: MigrationStep) -> ResolvedStep:
        if isinstance(step, StampStep):
            id = (step.to_ or step.from_ or ("",))[0] if step.is_upgrade else (step.to_ or ("base",))[0]
        else:
            id = str(cast("RevisionStep", step).revision.revision)
        node = self.graph.revisions.get(id)
        direction = "stamp" if self.command == "stamp" else "upgrade" if step.is_upgrade else "downgrade"
        return ResolvedStep(id, direction, node.message if node else "", node.down_revisions if node else ())

    def _end(self, start: list[str], steps: list[MigrationStep]) -> list[str]:
        heads = Heads(start)
        for step in steps:
            try:
                heads.update_to_step(cast("RevisionStep | StampStep", step))
            except (KeyError, AssertionError):
                id = self._told(step).revision
                raise ResolutionError(
                    f"Alembic cannot write its version table at revision {id}. Mostly it merges revisions of which one comes from "
                    f"another; its down_revision must name the latest ones only.",
                    "no_path",
                ) from None
        return sorted(heads.heads)
