"""Reviewers at once while a proposal becomes another, with a store of their own: `python -m tests.jobs.review_race ROOT ROUNDS`.

Prints for each round what the record says, in order, as JSON.
"""

import json
import os
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.jobs.crowd import at_once

REVIEWERS = 6


def stage(root: str) -> tuple[Any, Any, list[Any]]:
    from django.core.management import call_command

    from accounts.models import Role, User
    from environments import services as environments
    from migrations_store import services as store

    call_command("migrate", verbosity=0)
    ada = User.objects.create_user("ada", role=Role.ADMIN)
    people = [User.objects.create_user(f"rita{number}", role=Role.REVIEWER) for number in range(REVIEWERS)]
    store.create_project(user=ada, fields={"slug": "shop", "source": {"kind": "directory", "path": root}})
    environments.create_environment(user=ada, fields={"slug": "dev", "name": "dev"})
    file = Path(os.environ["DATA_DIR"]) / "shop.db"
    file.touch()
    database = environments.create_database(user=ada, fields={"project": "shop", "environment": "dev", "url": f"sqlite:///{file}"})
    return database, ada, people


def calls(proposal: Any, people: list[Any], order: random.Random) -> list[Callable[[], object]]:
    """Everybody approves what they were shown, twice; meanwhile a worker keeps a second version."""
    from jobs.proposals import outcome, reviewing
    from migrations_store.models import Proposal, ProposalVersion

    shown = reviewing.newest(proposal)

    def approve(user: Any) -> None:
        time.sleep(order.uniform(0, 0.2))
        reviewing.submit_review(proposal, user=user, decision="approve", version=shown.number, checksum=shown.checksum)

    def work() -> None:
        time.sleep(0.05)
        Proposal.objects.filter(pk=proposal.pk, status="open").update(status="running")
        time.sleep(order.uniform(0, 0.1))
        version = ProposalVersion(proposal=proposal, files=shown.files, changes=shown.changes, facts=shown.facts, checksum="2" * 64)
        outcome.keep(Proposal.objects.select_related("project", "environment", "requested_by").get(pk=proposal.pk), version)

    return [work, *(lambda user=user: approve(user) for user in people for _ in range(2))]


def main() -> None:
    import django

    django.setup()
    from audit.models import AuditEntry
    from jobs.proposals import queries
    from migrations_store.models import Review
    from tests.support.proposals import proposed

    database, ada, people = stage(sys.argv[1])
    for turn in range(int(sys.argv[2])):
        proposal = proposed(database, user=ada)
        broken = at_once(calls(proposal, people, random.Random(turn)))
        proposal.refresh_from_db()
        entries = AuditEntry.objects.filter(object=str(proposal)).order_by("seq")
        told = [[entry.action, entry.actor, entry.detail["version"]] for entry in entries]
        line = {"told": told, "broken": broken, "state": queries.standing(proposal).state, "status": proposal.status}
        line["reviews"] = Review.objects.filter(version__proposal=proposal).count()
        sys.stdout.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
