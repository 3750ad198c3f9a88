"""The kill harness: `script/crash [--kills N] [--seed S] [--engine …] [--failpoints] [--break …]`; the last line it prints is JSON."""

import argparse
import json
import os
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

from config.embedded import short_directory
from crash.targets import ENGINES

BREAKS = ("lock", "fence", "sweeper", "verify", "claim")


def main() -> None:
    options = arguments()
    directory = Path(tempfile.mkdtemp(prefix="crash-", dir=short_directory()))
    kept = options.keep
    try:
        passed = run(options, directory)
        kept = kept or not passed
    finally:
        if not kept:
            shutil.rmtree(directory, ignore_errors=True)
    if kept:
        print(f"kept: {directory}", file=sys.stderr)
    sys.exit(0 if passed else 1)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="script/crash", description="Kill the dashboard's processes while it works, and see what is true."
    )
    parser.add_argument("--kills", type=int, default=100, help="how many faults (default: 100)")
    parser.add_argument("--seed", type=int, default=1, help="repeats the choice of faults (default: 1)")
    parser.add_argument("--engine", choices=sorted(ENGINES), default="postgresql", help="kind of the migrated databases")
    parser.add_argument("--failpoints", action="store_true", help="instead of random faults: every named failpoint once")
    parser.add_argument("--break", dest="broken", choices=BREAKS, default="", help="break the product in one place; the run has to fail")
    parser.add_argument("--width", type=float, default=1.0, help="how many databases, 1 for about 14")
    parser.add_argument("--keep", action="store_true", help="keep the directory with logs and databases")
    return parser.parse_args()


def run(options: argparse.Namespace, directory: Path) -> bool:
    """Whether everything held."""
    from crash.processes import Installation

    with ENGINES[options.engine](directory) as targets, Installation(directory / "dashboard", broken=options.broken) as place:
        os.environ.update({name: place.environment[name] for name in ("DATA_DIR", "DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE")})
        import django

        django.setup()
        from crash.trial import Trial

        place.wait_until_ready()
        trial = Trial(place, targets, random.Random(options.seed), broken=options.broken, width=options.width)
        started = time.monotonic()
        trial.prepare(directory / "projects")
        if options.failpoints:
            trial.failpoints()
        else:
            trial.faults_at_random(options.kills)
        trial.conclude()
        report = trial.report() | {"engine": options.engine, "seed": options.seed, "seconds": round(time.monotonic() - started)}
        for violation in trial.violations:
            print(violation)
        print(json.dumps(trial.details()))
        print(json.dumps(report))
        return not trial.violations


if __name__ == "__main__":
    main()
