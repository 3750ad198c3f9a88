"""Entries as files: CSV for spreadsheets, JSON lines with every hash, and an archive that brings its own checker."""

import csv
import io
import json
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any, cast

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from audit import canonical, heads
from audit.models import AuditAnchor, AuditEntry
from audit.queries import Filters, entries
from audit.services import record
from audit.verification import AT_ONCE, COLUMNS
from config.errors import Invalid

FORMATS = {"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson; charset=utf-8", "zip": "application/zip"}
CSV_COLUMNS = ["seq", "at", "actor", "way", "address", "token", "request", "action", "object", "detail", "previous_hash", "hash"]
# What a spreadsheet takes for the beginning of a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "＝", "＋", "－", "＠")
SCRIPT = Path(__file__).with_name("offline") / "verify.py"
READ_ME = """\
{count} of the audit record of Alembic Dashboard, installation {installation}, as of {at}.

{proves}

python3 verify.py            checks every entry, and the chain where it has no gaps
python3 verify.py --key FILE checks the signatures of the heads too; FILE holds AUDIT_KEY

entries.jsonl   one entry a line, with its hash and the hash of the one before
heads.jsonl     the signed heads that this installation has kept outside its store
about.json      what was asked for
verify.py       Python 3.9 or newer, nothing else
"""
WHOLE = "All of the record: the chain has no gaps, so nothing in it was changed or taken out without breaking it."
PART = (
    "A part of the record, chosen by filters: each entry can be held against its own hash, but what is missing between them cannot be "
    "known from this file. Only an export without filters proves the chain."
)


def rows(found: QuerySet[AuditEntry]) -> Iterator[dict[str, Any]]:
    """Entries as they are told outside, a part at a time."""
    for values in found.values_list(*COLUMNS).iterator(chunk_size=AT_ONCE):
        told = dict(zip(COLUMNS, values, strict=True))
        yield told | {"at": canonical.time(told["at"])}


def jsonl(found: QuerySet[AuditEntry]) -> Iterator[str]:
    for row in rows(found):
        yield json.dumps(row, ensure_ascii=False, sort_keys=True) + "\n"


def as_csv(found: QuerySet[AuditEntry]) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(CSV_COLUMNS)
    for row in rows(found):
        flat = row | (row["via"] or {}) | {"detail": json.dumps(row["detail"], ensure_ascii=False, sort_keys=True)}
        writer.writerow([harmless(flat.get(name, "")) for name in CSV_COLUMNS])
        if buffer.tell() > 64 * 1024:
            yield _taken(buffer)
    yield _taken(buffer)


def harmless(value: Any) -> Any:
    """A text that a spreadsheet would calculate gets an apostrophe before it."""
    return f"'{value}" if isinstance(value, str) and value.lstrip(" ").startswith(FORMULA) else value


def as_zip(filters: Filters) -> Iterator[bytes]:
    """entries.jsonl, the signed heads, what was asked for, and verify.py; written while it is sent."""
    sink = _Sink()
    with zipfile.ZipFile(cast("IO[bytes]", sink), "w", zipfile.ZIP_DEFLATED) as archive:
        for name, parts in _files(filters):
            with archive.open(name, "w", force_zip64=True) as file:
                for part in parts:
                    file.write(part)
                    yield sink.taken()
    yield sink.taken()


def taken(actor: str, form: str, filters: Filters) -> Iterator[str] | Iterator[bytes]:
    """The export for somebody; that it was taken stands in the record."""
    if form not in FORMATS:
        raise Invalid(f"There is no format {form[:20]!r}; use {', '.join(FORMATS)}.")
    record(actor, "audit.export", "audit record", format=form, filters=filters.given())
    return stream(form, filters)


def stream(form: str, filters: Filters) -> Iterator[str] | Iterator[bytes]:
    """The export in one of FORMATS."""
    if form == "zip":
        return as_zip(filters)
    return as_csv(entries(filters)) if form == "csv" else jsonl(entries(filters))


def _files(filters: Filters) -> Iterator[tuple[str, Iterable[bytes]]]:
    found, given = entries(filters), filters.given()
    signed = list(signed_lines())  # before the entries: whatever is signed by now is among them
    anchor = AuditAnchor.objects.order_by("-seq").first()
    about = {"installation": settings.INSTALLATION_ID, "at": canonical.time(timezone.now()), "filters": given}
    if anchor:
        begins = heads.facts(anchor.seq, anchor.hash, anchor.at) | {"signature": anchor.signature}
        about |= {"begins_after": begins}
    count = f"{found.count():,} entries"
    proves = PART if given else WHOLE
    yield "README.txt", [READ_ME.format(count=count, installation=about["installation"], at=about["at"], proves=proves).encode()]
    yield "about.json", [json.dumps(about, indent=2, sort_keys=True).encode()]
    yield "entries.jsonl", (text.encode() for text in jsonl(found))
    yield "heads.jsonl", (f"{text}\n".encode() for text in signed)
    yield "verify.py", [SCRIPT.read_bytes()]


def signed_lines() -> Iterator[str]:
    """Those in the file outside; where there is none, those in the store."""
    found = heads.kept_outside() or heads.kept_inside()
    return (heads.line(one.kind, one.seq, one.hash, one.at, one.signature) for one in found)


def _taken(buffer: io.StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text


class _Sink:
    """Takes what the archive writes until it is fetched."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []

    def write(self, part: bytes) -> int:
        self.parts.append(bytes(part))
        return len(part)

    def flush(self) -> None:
        pass

    def taken(self) -> bytes:
        parts, self.parts = self.parts, []
        return b"".join(parts)
