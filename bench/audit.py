"""How long the record takes: adding entries, verifying all of them, and exporting them, in a store of its own.

.venv/bin/python -m bench.audit [--entries 100000] [--url postgres://…]
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

BATCH = 5000


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--url", default="", help="DATABASE_URL of an empty store; SQLite in a temporary directory if left out")
    return parser.parse_args()


def fill(count: int) -> None:
    """Entries as jobs leave them; chained here, as one transaction for each would measure the disk."""
    from django.db import transaction
    from django.utils import timezone

    from audit import canonical
    from audit.models import AuditEntry, AuditHead
    from audit.services import entry_hash

    previous = canonical.GENESIS
    detail = {
        "database": "shop/prod",
        "database_id": "3f0c5a1e",
        "command": "upgrade",
        "revision": "head",
        "plan": "d" * 64,
        "reason": "Ticket 4711",
    }
    via = {"way": "api", "address": "10.0.0.7", "request": "0123456789abcdef", "token": "adb_ABCD"}
    for first in range(1, count + 1, BATCH):
        batch = []
        for seq in range(first, min(first + BATCH, count + 1)):
            told: dict[str, Any] = {
                "actor": f"person{seq % 40}",
                "action": "job.request",
                "object": f"job {seq}",
                "detail": detail,
                "via": via,
            }
            entry = AuditEntry(seq=seq, at=timezone.now(), previous_hash=previous, **told)
            entry.hash = previous = entry_hash(entry)
            batch.append(entry)
        with transaction.atomic():
            AuditEntry.objects.bulk_create(batch, batch_size=500)
            AuditHead.objects.update_or_create(pk=1, defaults={"seq": batch[-1].seq, "hash": previous})


def timed(what: str, work: Callable[[], object], times: int = 5) -> None:
    taken, used = [], []
    for _ in range(times):
        begun, before = time.perf_counter(), time.process_time()
        work()
        taken.append(time.perf_counter() - begun)
        used.append(time.process_time() - before)
    middle = f"median {statistics.median(taken):.3f} s, slowest {max(taken):.3f} s"
    print(f"{what}: {middle}; processor time, median {statistics.median(used):.3f} s; n={times}", flush=True)


def main() -> None:
    options = arguments()
    with tempfile.TemporaryDirectory(prefix="bench-audit-") as place:
        os.environ |= {"DATA_DIR": place, "DJANGO_SETTINGS_MODULE": "config.settings"}
        if options.url:
            os.environ["DATABASE_URL"] = options.url
        import django

        django.setup()
        measure(options.entries)


def measure(count: int) -> None:
    from django.core.management import call_command

    from audit import delivery, export, queries, services, verification

    call_command("migrate", verbosity=0)
    fill(count)
    found = verification.verify()
    if found.broken_at is not None:
        sys.exit(found.problem)
    timed(f"verify {count:,} entries", verification.verify)
    delivery.sign_and_deliver()
    timed("verify since the last signed head", verification.verify_since_signed)
    timed(f"export {count:,} entries as JSON lines", lambda: sum(map(len, export.stream("jsonl", queries.Filters()))))
    timed("a page of 100, newest", lambda: list(queries.entries().order_by("-seq")[:100]))
    timed("a page of 100, from the middle", lambda: list(queries.entries().filter(seq__lt=count // 2).order_by("-seq")[:100]))
    timed("a page of 100 of one person", lambda: list(queries.entries(queries.Filters(actor="person7")).order_by("-seq")[:100]))
    timed("a filter that nothing passes", lambda: list(queries.entries(queries.Filters(environment="nowhere")).order_by("-seq")[:100]))
    timed("adding one entry", lambda: services.record("ada", "bench.entry", "one"), 200)


if __name__ == "__main__":
    main()
