"""Fifty callers at once on one job, in a process with a store of its own: `python -m tests.jobs.crowd ROOT ROUNDS`.

Prints for each round what the record says happened to the job, in order, as JSON.
"""

import json
import os
import random
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

CALLERS = 50


def stage(root: str) -> tuple[Any, list[Any]]:
    """prod needs two approvals; ada asks, five reviewers and three operators are there."""
    from django.core.management import call_command

    from accounts.models import Role, User
    from environments import services as environments
    from environments.models import Policy
    from migrations_store import services as store

    call_command("migrate", verbosity=0)
    ada = User.objects.create_user("ada", role=Role.ADMIN)
    reviewers = [User.objects.create_user(f"rita{number}", role=Role.LEAD) for number in range(5)]
    store.create_project(user=ada, fields={"slug": "shop", "source": {"kind": "directory", "path": root}})
    environments.create_environment(user=ada, fields={"slug": "prod", "name": "prod", "protected": True})
    Policy.objects.update(approvals=2)
    file = Path(os.environ["DATA_DIR"]) / "shop.db"
    file.touch()
    body = {"project": "shop", "environment": "prod", "url": f"sqlite:///{file}"}
    environments.check_database_now(environments.create_database(user=ada, fields=body))
    return ada, reviewers


def calls(ada: Any, reviewers: list[Any], key: str, order: random.Random, *, switch: bool, contested: bool) -> list[Callable[[], object]]:
    """What the fifty do, in any order: mostly what leads to a run, and where it is `contested`, things that should prevent it."""
    from environments.models import Database
    from jobs import execution, services
    from jobs.models import Job

    def request() -> object:
        database = Database.objects.select_related("project", "environment").get()
        ways: dict[str, Any] = {"idempotency_key": key, "wishes": services.Wishes(run_when_approved=switch)}
        return services.request_job(database, user=ada, command="upgrade", revision="head", **ways)

    def job() -> Job:
        return Job.objects.select_related("database__project", "database__environment", "plan__snapshot").get(idempotency_key=key)

    def worker() -> None:
        """It is rung for again and again, as the others get on."""
        for _ in range(6):
            time.sleep(order.uniform(0, 0.3))
            execution.claim(job().pk)

    request()
    doings: list[Callable[[], object]] = [request] * 5
    doings += [lambda user=user: services.decide(job(), user=user, decision="approve") for user in reviewers for _ in range(3)]
    doings += [lambda: services.release(job(), user=reviewers[0])] * 4
    against: list[Callable[[], object]] = [
        lambda: services.decide(job(), user=reviewers[4], decision="reject", comment="no"),
        lambda: services.cancel_job(job(), user=reviewers[3]),
        *(lambda user=user: services.withdraw(job(), user=user) for user in reviewers),
    ]
    doings += order.sample(against, k=order.choice([0, 1, 4]) if contested else 0)
    doings += [worker] * (CALLERS - len(doings))
    order.shuffle(doings)
    return doings


def at_once(doings: list[Callable[[], object]]) -> list[str]:
    """All of them from threads that wait for each other; answers what broke that should not have."""
    from django.db import connection

    from config.errors import Refused
    from jobs.models import Job

    start, broken = threading.Barrier(len(doings)), []

    def call(doing: Callable[[], object]) -> None:
        start.wait()
        try:
            with suppress(Refused, Job.DoesNotExist):
                doing()
        except Exception as error:  # noqa: BLE001 - whatever it is, the test names it
            broken.append(f"{type(error).__name__}: {error}")
        finally:
            connection.close()

    threads = [threading.Thread(target=call, args=(doing,)) for doing in doings]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return broken


def main() -> None:
    import django

    django.setup()
    from audit.models import AuditEntry
    from jobs import execution, reaper
    from jobs.models import Job

    ada, reviewers = stage(sys.argv[1])
    rounds = int(sys.argv[2])
    for turn in range(1, rounds + 1):
        order, contested = random.Random(turn), turn < rounds
        broken = at_once(calls(ada, reviewers, f"round {turn}", order, switch=turn % 4 != 0 or not contested, contested=contested))
        jobs = list(Job.objects.filter(idempotency_key=f"round {turn}"))
        if not contested:
            execution.claim(jobs[0].pk)  # on a slow machine the workers among the fifty may all have come too early
            jobs[0].refresh_from_db()
        entries = AuditEntry.objects.filter(object=f"job {jobs[0].pk}").order_by("seq")
        told = [[entry.action, entry.actor, entry.detail.get("was_running")] for entry in entries]
        line = {"jobs": len(jobs), "status": jobs[0].status, "fence": jobs[0].fence, "told": told, "broken": broken}
        sys.stdout.write(json.dumps(line) + "\n")
        reaper.take_over(jobs[0].pk, "the round is over")
        Job.objects.filter(pk=jobs[0].pk, status__in=["queued", "awaiting_approval"]).update(status="canceled")


if __name__ == "__main__":
    main()
