"""`manage.py audit verify|sign|export|prune|restored|protect`: the record from a terminal. Ends with 1 where it does not hold."""

import sys
from argparse import ArgumentParser
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from audit import delivery, export, protection, restoration, retention, verification
from audit.queries import Filters
from config.errors import Refused


class Command(BaseCommand):
    help = "Verifies, signs, exports or prunes the audit record."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("verify", help="goes through the whole record; 1 if it does not hold")
        verbs.add_parser("sign", help="signs the record's end and takes the signature out of the store")
        verbs.add_parser("protect", help="brings back the triggers with which the store refuses changes")
        exported = verbs.add_parser("export", help="writes entries into a file")
        exported.add_argument("--format", choices=export.FORMATS, default="zip")
        exported.add_argument("--output", type=Path, required=True)
        pruned = verbs.add_parser("prune", help="moves old entries into an archive")
        pruned.add_argument("--before", type=_moment, required=True, help="date or time, UTC: 2026-01-31")
        restored = verbs.add_parser("restored", help="accepts that the store was restored from a backup")
        restored.add_argument("--reason", required=True)

    def handle(self, *, verb: str, **options: Any) -> None:
        try:
            getattr(self, verb)(**options)
        except Refused as refused:
            raise CommandError(str(refused)) from None

    def verify(self, **_: Any) -> None:
        found = verification.keep(verification.verify())
        for warning in found.warnings:
            self.stderr.write(f"Note: {warning}")
        if found.broken_at is not None:
            self.stdout.write(f"Broken at entry {found.broken_at}: {found.problem} It holds through entry {found.verified_through}.")
            sys.exit(1)
        self.stdout.write(f"Holds through entry {found.verified_through} ({found.took_ms / 1000:.1f} s).")

    def sign(self, **_: Any) -> None:
        found = delivery.sign_and_deliver()
        if found.broken_at is not None:
            raise CommandError(f"Nothing was signed: the record does not hold. {found.problem}")
        self.stdout.write(f"Signed through entry {found.verified_through}.")

    def export(self, format: str, output: Path, **_: Any) -> None:
        with output.open("wb") as file:
            for part in export.stream(format, Filters()):
                file.write(part if isinstance(part, bytes) else part.encode())
        self.stdout.write(f"Written to {output}.")

    def prune(self, before: datetime, **_: Any) -> None:
        done = retention.prune(before, actor="command")
        self.stdout.write(f"{done.count} entries, through {done.through}, are in {done.archive} now.")

    def restored(self, reason: str, **_: Any) -> None:
        self.stdout.write(restoration.accept(reason))

    def protect(self, **_: Any) -> None:
        protection.install()
        self.stdout.write("The store refuses to change or remove entries.")


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
