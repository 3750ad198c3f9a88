"""Everything that is known of one job in one file: what was planned, who approved it, which SQL, what it said, how it ended, with hashes.

The file is the same each time it is made, as long as nothing is added to what it tells of.
"""

import hashlib
import json
import re
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from typing import IO, Any

from django.conf import settings
from django.db.models import Q, QuerySet

from audit import export, heads, signatures
from audit.canonical import plain
from audit.models import AuditEntry
from jobs import queries
from jobs.models import Job

# The first moment that a zip can hold: files of equal content are equal whenever they are made.
NO_TIME = (1980, 1, 1, 0, 0, 0)
IN_MEMORY = 4 * 1024 * 1024
JOB = (
    "command", "requested_revision", "status", "database_state", "reason", "error", "changes", "backup", "run_when_approved", "not_before",
    "in_window", "break_glass", "created_at", "started_at", "finished_at", "worker", "cancel_requested_at", "cancel_reason", "canceled_by",
)  # fmt: skip
STEP = ("position", "revision", "message", "direction", "checksum", "status", "started_at", "duration_ms")
APPROVAL = ("decision", "comment", "plan_digest", "at", "expires_at", "withdrawn_at")


def bundle(job: Job) -> IO[bytes]:
    """The zip, at its beginning; a large one is on the disk."""
    file: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 whoever sends it closes it
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        digests = {name: _add(archive, name, parts) for name, parts in _files(job)}
        manifest = {"installation": settings.INSTALLATION_ID, "job": str(job.pk), "files": digests}
        _add(archive, "manifest.json", [_json(manifest)])
        _add(archive, "manifest.hmac", [signatures.sign("manifest", manifest).encode()])
    file.seek(0)
    return file


def entries_of(job: Job) -> QuerySet[AuditEntry]:
    """What the record says of the job, and of the promotion that asked for it."""
    mine = Q(object=f"job {job.pk}") | Q(detail__job=job.pk)
    if job.promotion_id:
        mine |= Q(object=f"promotion {job.promotion_id}")
    return AuditEntry.objects.filter(mine).order_by("seq")


def _add(archive: zipfile.ZipFile, name: str, parts: Iterable[bytes]) -> str:
    """Writes a file and answers its SHA-256."""
    digest, info = hashlib.sha256(), zipfile.ZipInfo(name, NO_TIME)
    info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
    with archive.open(info, "w", force_zip64=True) as file:
        for part in parts:
            digest.update(part)
            file.write(part)
    return digest.hexdigest()


def _files(job: Job) -> Iterator[tuple[str, Iterable[bytes]]]:
    plan, found = job.plan, entries_of(job)
    yield "job.json", [_json(_job(job))]
    yield "plan.json", [_json(_plan(job))]
    for position, step in enumerate(plan.steps, start=1):
        yield f"sql/{position:03}-{_safe(step['revision'])}.sql", [_sql(plan.preview.get(step["revision"]))]
    yield "approvals.json", [_json([{"user": one.user.username} | _part(one, APPROVAL) for one in job.approvals.select_related("user")])]
    yield "heads.json", [_json({"before": plan.from_heads, "planned": plan.to_heads, "after": job.heads_after})]
    yield "log.txt", _log(job)
    yield "entries.jsonl", (line.encode() for line in export.jsonl(found))
    yield "about.json", [_json({"installation": settings.INSTALLATION_ID, "filters": {"job": str(job.pk)}})]
    yield "heads.jsonl", _heads(found)
    yield "verify.py", [export.SCRIPT.read_bytes()]


def _job(job: Job) -> dict[str, Any]:
    named = {
        "id": str(job.pk),
        "database": str(job.database),
        "database_id": str(job.database_id),
        "requested_by": job.requested_by.username,
    }
    promotion = str(job.promotion_id) if job.promotion_id else None
    return named | _part(job, JOB) | {"promotion": promotion, "steps": [_part(step, STEP) for step in job.steps.order_by("position")]}


def _plan(job: Job) -> dict[str, Any]:
    plan = job.plan
    named = {"digest": plan.digest, "command": plan.command, "from": plan.from_heads, "to": plan.to_heads, "steps": plan.steps}
    snapshot = plan.snapshot.digest if plan.snapshot else None
    return named | {"facts": plan.facts, "warnings": plan.warnings, "snapshot": snapshot, "created_at": plan.created_at}


def _part(row: Any, names: Iterable[str]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}


def _sql(preview: dict[str, Any] | None) -> bytes:
    told = preview or {}
    return (told.get("sql") or f"-- No SQL beforehand: {told.get('sql_unavailable') or 'it was not asked for'}\n").encode()


def _log(job: Job) -> Iterator[bytes]:
    after = 0
    while (page := queries.log_lines(job, after, 2000)).items:
        yield "".join(f"{at} {stream:9} {text}\n" for _, at, stream, text in page.items).encode("utf-8", "replace")
        after = page.next_after


def _heads(found: QuerySet[AuditEntry]) -> Iterator[bytes]:
    """The signed heads from the job's first entry on, to the first that covers all of them."""
    numbers = list(found.values_list("seq", flat=True))
    if not numbers:
        return
    for one in heads.kept_outside() or heads.kept_inside():
        if one.seq >= numbers[0]:
            yield f"{heads.line(one.kind, one.seq, one.hash, one.at, one.signature)}\n".encode()
        if one.seq >= numbers[-1]:
            return


def _json(value: Any) -> bytes:
    return json.dumps(plain(value), indent=2, sort_keys=True, ensure_ascii=False).encode() + b"\n"


def _safe(revision: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "_", revision)[:60]
