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
from crash.checker import KINDS
from crash.processes import Installation
from crash.targets import ENGINES, Targets

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
    parser.add_argument(
        "--doorbells", type=int, metavar="JOBS", help="instead: so many jobs, each rung for ten times, have to run once each"
    )
    parser.add_argument("--requests", type=int, metavar="N", help="instead: so many requests while the broker is away, timed")
    parser.add_argument("--schedulers", type=int, default=1, metavar="N", help="how many schedulers run (default: 1)")
    parser.add_argument("--width", type=float, default=1.0, help="how many databases, 1 for about 14")
    parser.add_argument("--keep", action="store_true", help="keep the directory with logs and databases")
    return parser.parse_args()


def run(options: argparse.Namespace, directory: Path) -> bool:
    """Whether everything held."""
    with (
        ENGINES[options.engine](directory) as targets,
        Installation(directory / "dashboard", broken=options.broken, schedulers=options.schedulers) as place,
    ):
        os.environ.update({name: place.environment[name] for name in ("DATA_DIR", "DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE")})
        import django

        django.setup()
        place.wait_until_ready()
        started = time.monotonic()
        report = (
            ring(options, place, targets, directory) if options.doorbells or options.requests else kill(options, place, targets, directory)
        )
        report |= {"engine": options.engine, "seconds": round(time.monotonic() - started)}
        print(json.dumps(report))
        return not any(report[kind] for kind in KINDS if kind in report)


def kill(options: argparse.Namespace, place: Installation, targets: Targets, directory: Path) -> dict[str, object]:
    from crash.trial import Trial

    trial = Trial(place, targets, random.Random(options.seed), broken=options.broken, width=options.width)
    trial.prepare(directory / "projects")
    if options.failpoints:
        trial.failpoints()
    else:
        trial.faults_at_random(options.kills)
    trial.conclude()
    for violation in trial.violations:
        print(violation)
    print(json.dumps(trial.details()))
    return trial.report() | {"seed": options.seed, "schedulers": options.schedulers}


def ring(options: argparse.Namespace, place: Installation, targets: Targets, directory: Path) -> dict[str, object]:
    from crash.rings import Bell

    bell = Bell(place, targets, directory / "projects")
    return bell.ring_ten_times(options.doorbells) if options.doorbells else bell.ask_in_trouble(options.requests)


if __name__ == "__main__":
    main()
