"""Several promotions at once: several projects, or the databases of a fleet. Each stands on its own; what cannot be promoted says why."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace

from accounts.models import User
from config.errors import Forbidden, Invalid, Refused
from environments.models import Environment
from jobs import promotions, services
from jobs.errors import NothingToPromote
from jobs.models import Plan, PromotionBatch
from jobs.services import Wishes
from jobs.ways import path_of, ways
from migrations_store.models import Project

LARGEST = 100


@dataclass(frozen=True)
class Move:
    """One promotion that is wanted. `name` is that of a database in a fleet; `digest` the plan that was looked at."""

    project: Project
    source: Environment
    target: Environment
    through: tuple[Environment, ...] = ()
    name: str | None = None
    revision: str | None = None
    digest: str | None = None

    @property
    def key(self) -> str:
        """Such as shop:dev:test, or shop:dev:test:eu."""
        return ":".join([self.project.slug, self.source.slug, self.target.slug, *([self.name] if self.name else [])])

    def __str__(self) -> str:
        name = f", {self.name}" if self.name else ""
        return f"{self.project.slug} from {self.source.slug} to {self.target.slug}{name}"


@dataclass(frozen=True)
class Row:
    """A move with its plan, or with why there is none."""

    move: Move
    plan: Plan | None = None
    why: str = ""


def spread(move: Move) -> tuple[list[Move], list[str]]:
    """A move for each way of the project, and who is left alone, in sentences. One without any way stays as it is, to say why."""
    try:
        found = ways(move.project, path_of(move.source, move.through, move.target))
    except Refused:
        return [move], []
    names = [way[-1].name for way in found.found]
    if len(names) > 1 or found.alone:
        return [replace(move, name=name) for name in names] or [move], found.alone if names else []
    return [move], []


def plan_all(moves: Iterable[Move], *, user: User) -> list[Row]:
    """Every plan that can be made. Nothing runs."""
    return [_row(move, user) for move in _checked(moves)]


def promote_all(
    moves: Iterable[Move], *, user: User, reason: str = "", wishes: Wishes | None = None, key: str | None = None, alone: Iterable[str] = ()
) -> PromotionBatch:
    """Asks for each; those that are refused are kept in the batch with the reason. Raises NothingToPromote if all are."""
    moves = _checked(moves)
    for move in moves:
        if (job := services.first_of(user, _key(key, move))) and job.promotion and job.promotion.batch:
            return job.promotion.batch
    batch, refused, last = PromotionBatch.objects.create(requested_by=user), [{"what": "", "why": why} for why in alone], None
    twin = None  # the batch of the same request, made at the same moment
    for move in moves:
        try:
            made, _, _ = promotions.promote(
                move.project, user=user, source=move.source, target=move.target, through=move.through, revision=move.revision,
                name=move.name, plan_digest=move.digest, reason=reason, wishes=wishes, idempotency_key=_key(key, move), batch=batch,
            )  # fmt: skip
            if made.batch_id != batch.pk:
                twin = made.batch
                refused.append({"what": str(move), "why": f"The same request, made at the same moment, has it as promotion {made.pk}."})
        except Refused as error:
            refused.append({"what": str(move), "why": str(error)})
            last = error
    if not batch.promotions.exists():
        batch.delete()
        if twin:
            return twin
        raise last if len(moves) == 1 and last else _none(refused, last)
    batch.refused = refused
    batch.save(update_fields=["refused"])
    return batch


def _none(refused: list[dict[str, str]], last: Refused | None) -> Refused:
    kind = Forbidden if isinstance(last, Forbidden) else NothingToPromote
    return kind("Nothing was promoted. " + " ".join(f"{one['what']}: {one['why']}".removeprefix(": ") for one in refused[:10]))


def _row(move: Move, user: User) -> Row:
    try:
        found = promotions.route(
            move.project, user=user, source=move.source, target=move.target, through=move.through, revision=move.revision, name=move.name
        )
    except Refused as error:
        return Row(move, why=str(error))
    if not found.plan.steps:
        return Row(move, why=promotions.already(found.plan.database))
    return Row(move, found.plan)


def _checked(moves: Iterable[Move]) -> list[Move]:
    found = list({move.key: move for move in moves}.values())
    if not found:
        raise Invalid("Nothing was chosen. Tick at least one promotion.", {"move": "Tick at least one."})
    if len(found) > LARGEST:
        raise Invalid(f"At most {LARGEST} promotions at once; these are {len(found)}.", {"move": f"At most {LARGEST}."})
    return found


def _key(key: str | None, move: Move) -> str | None:
    """An idempotency key for each of them, from the one of the form."""
    return f"batch {hashlib.sha256(f'{key} {move.key}'.encode()).hexdigest()}" if key else None
