"""Doorbells: that each rings ten times and each job runs once, and that requests are answered whatever the broker does."""

import random
import statistics
import time
from collections import Counter
from pathlib import Path
from typing import Any

from crash import ledger, web
from crash.faults import Faults
from crash.lanes import Workload
from crash.processes import Installation
from crash.shapes import Shape, table
from crash.targets import Targets

DATABASES = 40


class Bell:
    """Jobs that have nothing to do, on databases that are at their head: what is counted is how often each is begun."""

    def __init__(self, place: Installation, targets: Targets, directory: Path) -> None:
        self.place, self.targets = place, targets
        self.shape = Shape("bell", {"b1": table("b1", 0)})
        self.shape.write(directory)
        self.workload = Workload(place.port, targets, random.Random(1), width=0)
        self.faults = Faults(place, targets, self.workload, random.Random(1), ())
        self.asked: list[int] = []
        self.took: list[float] = []
        self._register()

    def _register(self) -> None:
        port = self.place.port
        web.insist(port, "POST", "/environments", {"slug": "dev", "name": "dev", "position": 1, "protected": False})
        source = {"kind": "directory", "path": str(self.shape.root)}
        web.insist(port, "POST", "/projects", {"slug": "bell", "source": source})
        self.databases = [self._database(f"bell_{number}") for number in range(DATABASES)]
        self._until(lambda: sum(state == "up_to_date" for state, _ in ledger.current().values()) == DATABASES, 60)

    def _database(self, name: str) -> str:
        url = self.targets.create(name)
        with self.targets.cursor(name) as cursor:
            cursor.execute("CREATE TABLE alembic_version (version_num varchar(32))")
            cursor.execute("INSERT INTO alembic_version VALUES ('b1')")
        body = {"project": "bell", "environment": "dev", "name": name, "url": url}
        return str(web.insist(self.place.port, "POST", "/databases", body)["id"])

    def _until(self, question: Any, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not question() and time.monotonic() < deadline:
            self.place.tend()
            self.faults.tend()
            time.sleep(0.1)

    def ask(self, number: int) -> None:
        """One request, timed."""
        body = {"database": self.databases[number % DATABASES], "command": "upgrade", "revision": "head"}
        started = time.monotonic()
        self.asked.append(int(web.call(self.place.port, "POST", "/jobs", body)["id"]))
        self.took.append(time.monotonic() - started)

    def ring_ten_times(self, jobs: int) -> dict[str, object]:
        """Every job is asked for once and rung for ten times."""
        from config.doorbell import ring

        for number in range(jobs):
            self.ask(number)
            for _ in range(9):
                ring("jobs.tasks.run_job", self.asked[-1])
        return self._counted(120 + jobs / 2)

    def ask_in_trouble(self, requests: int) -> dict[str, object]:
        """An equal share of the requests while the broker refuses, hangs, has forgotten everything, or has come back empty."""
        troubles = {"refused": self._refuse, "paused": self._pause, "flushed": self.faults.flush_broker, "emptied": self._empty}
        number = 0
        for trouble in troubles.values():
            trouble()
            for _ in range(requests // len(troubles)):
                self.ask(number)
                number += 1
            self.faults.settle()
        return self._counted(120 + requests / 2)

    def _refuse(self) -> None:
        self.faults.kill_broker()

    def _pause(self) -> None:
        self.faults.pause_broker()

    def _empty(self) -> None:
        self.faults.lose_broker()
        self.faults.settle()

    def _counted(self, seconds: float) -> dict[str, object]:
        def ended() -> bool:
            return all(row["status"] == "succeeded" for row in ledger.rows(self.asked).values())

        self._until(ended, seconds)
        told = ledger.told(self.asked)
        begun = Counter(one.actions.count("job.start") for one in told.values())
        unfinished = sum(one.row["status"] != "succeeded" for one in told.values()) + len(self.asked) - len(told)
        return {
            "jobs": len(self.asked), "runs": sum(times * count for times, count in begun.items()), "run_once": begun[1],
            "lost": unfinished, "double_applied": sum(count for times, count in begun.items() if times > 1),
            "request_p95_s": round(statistics.quantiles(self.took, n=20, method="inclusive")[-1], 2),
            "request_max_s": round(max(self.took), 2),
        }  # fmt: skip
