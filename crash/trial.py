"""One run: the workload, the faults, the checks after each job, and the checks when all is quiet."""

import random
import statistics
import sys
import time
from pathlib import Path

from crash import checker, ledger, web
from crash.checker import KINDS, Violation
from crash.failpoints import POINTS, REAPER, ROTATION, RUNNER_POINTS
from crash.faults import Faults
from crash.lanes import Lane, Workload
from crash.processes import Installation
from crash.targets import Targets

GAP = (0.6, 2.6)
LOOK = 0.15
IDLE = 20.0  # a fault comes even if nothing runs for so long
QUIET = 120.0  # seconds after the last fault within which every job has to be over
POINT_PATIENCE, REAPER_PATIENCE = 60.0, 100.0
NEEDS = {"lock": (), "fence": ("stop_slot",), "sweeper": ("kill_slot", "flush_broker"), "verify": (), "claim": ("ring_again",)}
SHAPE = {"lock": "twin", "verify": "liar"}


class Trial:
    def __init__(self, place: Installation, targets: Targets, chance: random.Random, *, broken: str = "", width: float = 1.0) -> None:
        self.place, self.targets, self.broken = place, targets, broken
        lanes, faults = random.Random(chance.random()), random.Random(chance.random())
        self.chance = chance
        self.workload = Workload(place.port, targets, lanes, width=width, favoured=SHAPE.get(broken, ""))
        self.faults = Faults(place, targets, self.workload, faults, NEEDS.get(broken, ()))
        self.violations: list[Violation] = []
        self.verdicts: dict[str, int] = {}
        self.truths: list[float] = []
        self.jobs = self.kills = 0
        self.missed: list[str] = []

    def prepare(self, projects: Path) -> None:
        self.workload.register(projects)

    # --- ways to run

    def faults_at_random(self, kills: int) -> None:
        """Until so many faults have hit, or a broken variant has been caught."""
        idle = time.monotonic()
        while self.kills < kills and not (self.broken and self.violations):
            self.look_for(self.chance.uniform(*GAP))
            if self.workload.running or time.monotonic() - idle > IDLE:
                idle = time.monotonic()
                name = self.faults.next()
                self.kills += 1
                self.say(f"{self.kills}: {name}")

    def failpoints(self) -> None:
        """Each point is armed in its turn, and has to be reached; those of the reaper after a worker was killed. The rotation of keys
        is a command of its own, which tests/crash kills."""
        ordinary = [point.name for point in [*POINTS, *RUNNER_POINTS] if point not in [*REAPER, *ROTATION]]
        for name in ordinary:
            self.arm([name])
            self.until_reached([name], POINT_PATIENCE)
        names = [point.name for point in REAPER]
        for name in names:
            self.arm([name])
            self.faults.kill_slot()
            self.until_reached([name], REAPER_PATIENCE)

    def arm(self, names: list[str]) -> None:
        for name in names:
            (self.place.armed / name).touch()

    def until_reached(self, names: list[str], patience: float) -> None:
        deadline = time.monotonic() + patience
        while any((self.place.armed / name).exists() for name in names) and time.monotonic() < deadline:
            self.look_for(LOOK)
        for name in names:
            if (self.place.armed / name).exists():
                (self.place.armed / name).unlink(missing_ok=True)
                self.missed.append(name)
                self.violations.append(Violation("lost", "I1", f"the failpoint {name} was not reached"))
            else:
                self.kills += 1
        self.say(f"failpoint {', '.join(names)}")

    # --- one look

    def look_for(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while True:
            self.look()
            if time.monotonic() >= deadline:
                return
            time.sleep(LOOK)

    def look(self) -> None:
        self.place.tend()
        self.faults.tend()
        open_ids = [request.id for lane in self.workload.lanes for request in lane.requests if request.id]
        over = self.workload.step(ledger.rows(open_ids), ledger.current())
        if over:
            self.check(over)

    def check(self, lanes: list[Lane]) -> None:
        told = ledger.told([request.id for lane in lanes for request in lane.requests])
        for lane in lanes:
            facts = self.targets.facts(lane.name)
            last = max(lane.requests, key=lambda request: request.ended_at)
            alone = [last] if len(lane.profiles) == 1 else []
            for request in lane.requests:
                self.found(checker.job(request, told[request.id], facts, lane, alone=request in alone))
                self.count(request)
            self.found(checker.effects(lane, facts))
            self.go_on(lane, last.row["status"])

    def go_on(self, lane: Lane, status: str) -> None:
        """Down again after some successes, else from the beginning."""
        if lane.shape.undone and status == "succeeded" and lane.requests[-1].command == "upgrade" and self.workload.open:
            lane.requests = []
            self.workload.request(lane, "downgrade", "base")
        else:
            lane.phase = "clear"

    def count(self, request) -> None:
        row = request.row
        self.jobs += 1
        key = f"{row['status']}/{row['database_state']}"
        self.verdicts[key] = self.verdicts.get(key, 0) + 1
        if request.touched:
            self.truths.append(request.ended_at - request.touched)

    def found(self, violations: list[Violation]) -> None:
        for violation in violations:
            self.say(f"VIOLATION {violation}")
        self.violations += violations

    # --- the end

    def conclude(self) -> None:
        """No more faults and no more jobs: everything has to come to rest, and nothing may be left."""
        self.faults.settle()
        self.workload.open = False
        if self.broken and self.violations:
            return
        deadline = time.monotonic() + QUIET
        while self.workload.busy and time.monotonic() < deadline:
            self.look_for(LOOK)
        waiting = [request for lane in self.workload.lanes if lane.phase == "run" for request in lane.requests if not request.ended]
        self.found(checker.overdue(waiting))
        self.found(checker.remains(*self.leftovers()))
        self.found(ledger.record_holds())
        self.found(ledger.shows(self.targets.secret))
        self.found(self.api_agrees())

    def leftovers(self) -> tuple[list[str], list[str]]:
        """Sessions of readings come and go: what is left is what stays."""
        deadline = time.monotonic() + 12
        while time.monotonic() < deadline:
            locks, processes = self.targets.leftovers(), [f"runner {pid}" for pid in self.place.runners()]
            if not locks and not processes:
                break
            self.look_for(0.5)
        return locks, processes

    def api_agrees(self) -> list[Violation]:
        """I1 as a user sees it: every accepted job is shown, with the status that the store has."""
        shown: dict[int, str] = {}
        while True:
            page = web.insist(self.place.port, "GET", f"/jobs?limit=100&offset={len(shown)}")
            shown |= {int(job["id"]): job["status"] for job in page["items"]}
            if not page["items"] or len(shown) >= page["count"]:
                break
        rows = ledger.rows(list(self.workload.by_job))
        return [
            Violation("lost", "I1", f"job {id} is {rows.get(id, {}).get('status')} in the store and {shown.get(id)} for the API")
            for id in self.workload.by_job
            if id not in rows or shown.get(id) != rows[id]["status"]
        ]

    def report(self) -> dict[str, object]:
        counts = {kind: sum(violation.kind == kind for violation in self.violations) for kind in KINDS}
        p95 = statistics.quantiles(self.truths, n=20, method="inclusive")[-1] if len(self.truths) > 1 else 0.0
        return {"kills": self.kills, **counts, "p95_to_truth_s": round(p95, 1), "max_to_truth_s": round(max(self.truths, default=0), 1)} | {
            "jobs": self.jobs, "break": self.broken
        }  # fmt: skip

    def details(self) -> dict[str, object]:
        return {
            "faults": {name: count for name, count in self.faults.counts.items() if count}, "verdicts": dict(sorted(self.verdicts.items())),
            "refused_requests": len(self.workload.refused), "slowest_request_s": round(self.workload.slowest, 1),
            "target": self.targets.version, "measured": len(self.truths), "missed": self.missed,
        }  # fmt: skip

    def say(self, text: str) -> None:
        print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)
