"""Whether that which runs jobs is alive: its workers, and the scheduler whose sweep finds what was lost."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import DateTimeField, ExpressionWrapper
from django.db.models.functions import Now

from config import broker
from jobs.models import Job, JobStatus, Pulse, Worker

SEEN_WITHIN = timedelta(seconds=20)
SILENT_SECONDS = 120
SWEEP = "sweep"


@dataclass(frozen=True)
class Health:
    """`workers` counts those that take jobs; `last_sweep_s` is None before the first sweep."""

    workers: int
    running: int
    last_sweep_s: float | None
    broker: str

    @property
    def scheduler(self) -> str:
        return scheduler(self.last_sweep_s)


def scheduler(last_sweep_s: float | None) -> str:
    """`ok`, or for how long it has been silent."""
    if last_sweep_s is None:
        return "failing: it has never swept"
    return "ok" if last_sweep_s <= SILENT_SECONDS else f"failing: its last sweep was {last_sweep_s:.0f} s ago"


def read() -> Health:
    """By the store's clock, in three short queries and one question to the broker that is not repeated for a few seconds."""
    taking = Worker.objects.filter(seen_at__gt=Now() - SEEN_WITHIN, queues__contains="jobs").count()
    running = Job.objects.filter(status=JobStatus.RUNNING).count()
    return Health(taking, running, last_sweep_s(), broker.recent_state())


def isolation() -> list[str]:
    """How the code of projects is run now: a sentence for each way in which a living worker does it."""
    alive = Worker.objects.filter(seen_at__gt=Now() - SEEN_WITHIN).exclude(isolation="")
    return sorted(set(alive.values_list("isolation", flat=True)))


def last_sweep_s() -> float | None:
    now = ExpressionWrapper(Now(), output_field=DateTimeField())
    found: tuple[datetime, datetime] | None = Pulse.objects.filter(pk=SWEEP).values_list(now, "seen_at").first()
    return None if found is None else max(0.0, (found[0] - found[1]) / timedelta(seconds=1))


def beat(name: str) -> None:
    """That periodic work has just been done."""
    Pulse.objects.update_or_create(pk=name, defaults={"seen_at": Now()})


def is_silent(seconds: int) -> bool:
    """Whether nobody has swept for so long, or ever."""
    last = last_sweep_s()
    return last is None or last > seconds


def take_turn(name: str, seconds: int) -> bool:
    """Whether the caller is the one who does a work that is to be done once in so many seconds."""
    _, first = Pulse.objects.get_or_create(pk=name, defaults={"seen_at": Now()})
    return first or bool(Pulse.objects.filter(pk=name, seen_at__lt=Now() - timedelta(seconds=seconds)).update(seen_at=Now()))
