"""What a revision would do to data, and whether it is all or nothing: read from its text, so that nothing is executed."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from migrations_store.effects_code import Walk
from migrations_store.graph import load
from migrations_store.models import Snapshot, SourceText
from migrations_store.scripts import parsed

KEPT = 5000
NOT_KEPT = {"why": "the file's text was not kept", "line": 0}


@dataclass(frozen=True)
class Effects:
    """`data_loss` has {what, object, line}: "drops column", "customers.fax", 14. `non_atomic` and `unclear` have {why, line}.

    With `unknown` the text does not tell everything: values are worked out when it runs, or helpers of other files are called.
    What servers do by themselves (MySQL commits at each statement that changes the schema) is not in here.
    """

    data_loss: list[dict[str, Any]] = field(default_factory=list)
    non_atomic: list[dict[str, Any]] = field(default_factory=list)
    unclear: list[dict[str, Any]] = field(default_factory=list)

    @property
    def unknown(self) -> bool:
        return bool(self.unclear)

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"unknown": self.unknown}


_kept: dict[tuple[str, str], Effects] = {}


def effects_of_steps(snapshot: Snapshot, steps: Iterable[tuple[str, str]]) -> list[Effects]:
    """Of each (revision, direction), in order, with one query at most; what was read once is kept by the hash of its content.

    A direction is upgrade or downgrade; anything else (a stamp) runs nothing.
    """
    nodes = load(snapshot).revisions
    keys = [(nodes[revision].sha256 if revision in nodes else "", direction) for revision, direction in steps]
    wanted = {sha256 for sha256, direction in keys if sha256 and (sha256, direction) not in _kept}
    texts = dict(SourceText.objects.filter(sha256__in=wanted).values_list("sha256", "text")) if wanted else {}
    return [_effects(sha256, direction, texts) for sha256, direction in keys]


def _effects(sha256: str, direction: str, texts: dict[str, str]) -> Effects:
    if found := _kept.get((sha256, direction)):
        return found
    if sha256 not in texts:
        return Effects(unclear=[NOT_KEPT])
    if len(_kept) >= KEPT:
        _kept.clear()
    return _kept.setdefault((sha256, direction), read(texts[sha256], direction))


def read(text: str, direction: str) -> Effects:
    """The effects of one file's function. A file that cannot be parsed is unclear, never an error."""
    if direction not in ("upgrade", "downgrade"):
        return Effects()
    try:
        walk = Walk(parsed(text))
        walk.run(direction)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return Effects(unclear=[{"why": f"the file cannot be read ({type(error).__name__})", "line": getattr(error, "lineno", 0) or 0}])
    return Effects(
        data_loss=[{"what": what, "object": object, "line": line} for what, object, line in walk.losses],
        non_atomic=[{"why": why, "line": line} for why, line in walk.breaks],
        unclear=[{"why": why, "line": line} for why, line in walk.unclear],
    )
