"""The worker's side of a check: what the runner told becomes entries that are kept beside the job."""

from typing import Any

from django.utils import timezone

from environments.models import Database
from jobs.drift import tally
from jobs.models import Comparison, Job
from migrations_store import differences

TOLD = ("dialect", "metadata_tables", "compare_type", "compare_server_default", "filters")


def read(job: Job, told: dict[str, Any]) -> Comparison | None:
    """Not saved yet. None where the runner's operations are not of the form that is known: the project's code can write there, too."""
    facts = told["facts"]
    try:
        entries = differences.structured(told["operations"], str(facts.get("dialect", "")))
        shown, flags, spots = [entry.shown() for entry in entries], differences.red_flags(facts, entries), differences.blind_spots(facts)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    kept = {name: facts[name] for name in TOLD if name in facts}
    return Comparison(job=job, database=job.database, entries=shown, facts=kept, red_flags=flags, blind_spots=spots)


def keep(comparison: Comparison) -> None:
    """With when each difference was first seen: it is the same as long as no check between found it gone."""
    comparison.at = timezone.now()
    before = Comparison.objects.filter(database=comparison.database).order_by("-id").first()
    known = {entry["key"]: (entry["since"], entry["since_job"]) for entry in before.entries} if before else {}
    now = (comparison.at.isoformat(), str(comparison.job_id))
    for entry in comparison.entries:
        entry["since"], entry["since_job"] = known.get(entry["key"], now)
    comparison.save(force_insert=True)
    tally.recount(Database.objects.filter(pk=comparison.database_id).select_related("project", "environment"))
