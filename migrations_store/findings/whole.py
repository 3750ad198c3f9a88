"""Rules on a revision as a whole: its way back (AD5…), its id, its message and its place (AD6…)."""

from collections.abc import Iterator
from functools import lru_cache

from migrations_store.findings.finding import Rule, Severity
from migrations_store.graph import LONGEST_ID, Graph, RevisionNode

SILENT = {"", "empty message", "none", "message", "migration", "auto", "wip", "."}

EMPTY = Rule(
    "AD501", "Downgrade does nothing", Severity.WARNING,
    "The downgrade does nothing.",
    "It succeeds and changes the version table alone: the database then claims to be at a revision that it is not at.",
    'def downgrade():\n    raise NotImplementedError("cannot be undone: …")  # says so instead; or write what undoes the upgrade',
    about="revision",
)  # fmt: skip
RAISES = Rule(
    "AD502", "Downgrade refuses", Severity.INFO,
    "The downgrade raises an error.",
    "There is no way back through this revision but a restored backup. That is honest; it should be known before the upgrade runs.",
    "# Take a backup before the upgrade (the environment's policy can do so).",
    about="revision",
)  # fmt: skip
ABSENT = Rule(
    "AD503", "No downgrade", Severity.WARNING,
    "There is no downgrade.",
    "Alembic fails when it is asked to go back through this revision.",
    'def downgrade():\n    op.drop_column("…", "…")  # what undoes the upgrade',
    about="revision",
)  # fmt: skip
HEADS = Rule(
    "AD601", "Several heads", Severity.WARNING,
    "The history has several heads: {detail}.",
    "`alembic upgrade head` refuses; two changes of the same schema were made side by side, and nobody has said in which order they go.",
    'alembic merge -m "merge heads" {detail}',
    about="revision",
)  # fmt: skip
MESSAGE = Rule(
    "AD602", "Message missing", Severity.INFO,
    "The revision has no message that says what it does.",
    "Those who approve it, and those who look for a cause at night, see an id alone.",
    'alembic revision -m "add fax to customers"',
    about="revision",
)  # fmt: skip
LONG_ID = Rule(
    "AD603", "Id too long", Severity.ERROR,
    "The revision's id has more than 32 characters.",
    "The version table holds 32 unless it was widened: PostgreSQL and MySQL refuse the row after the migration has run.",
    'revision = "…"  # at most 32 characters, here and in the down_revision of those that follow',
    dialects=frozenset({"postgresql", "mysql"}), about="revision",
)  # fmt: skip
REFUSED = Rule(
    "AD604", "Id, label or parent that Alembic refuses", Severity.ERROR,
    "Alembic refuses this file.",
    "{detail} Alembic loads every file before it does anything, so that with this one it does nothing at all.",
    'revision = "…"  # an id and labels that are free, without @ : + and -\ndown_revision = "…"  # a revision that is in the code',
    about="revision",
)  # fmt: skip
RULES = [EMPTY, RAISES, ABSENT, HEADS, MESSAGE, LONG_ID, REFUSED]
FAULTS = {"bad_id", "label_clash", "missing_parent", "missing_dependency", "duplicate_revision", "cycle", "self_loop"}
WAYS_BACK = {"empty": EMPTY, "raises": RAISES, "absent": ABSENT}


def found(graph: Graph, node: RevisionNode, *, does_something: bool) -> Iterator[tuple[Rule, str]]:
    """The rules that hold, each with its detail. A revision that does nothing needs no way back."""
    if node.downgrade in WAYS_BACK and does_something:
        yield WAYS_BACK[node.downgrade], ""
    if node.message.strip().lower() in SILENT and not node.is_merge:
        yield MESSAGE, ""
    if len(node.revision) > LONGEST_ID:
        yield LONG_ID, ""
    if node.revision in (heads := rivals(graph)):
        yield HEADS, " ".join(sorted(heads))
    yield from ((REFUSED, fault.message) for fault in graph.faults if fault.kind in FAULTS and fault.path == node.path)


@lru_cache(maxsize=64)
def rivals(graph: Graph) -> frozenset[str]:
    """Heads that grew from the same base without a label to tell them apart; histories that share nothing are meant to stand apart."""
    unlabelled = [head for head in graph.real_heads if head in graph.revisions and not _labelled(graph, head)]
    lines = {head: graph.ancestors([head]) for head in unlabelled} if len(graph.real_heads) > 1 else {}
    return frozenset(one for one in lines for other in lines if one != other and lines[one] & lines[other])


def _labelled(graph: Graph, head: str) -> bool:
    return any(graph.revisions[id].branch_labels for id in graph.ancestors([head]) if not graph.revisions[id].is_base)
