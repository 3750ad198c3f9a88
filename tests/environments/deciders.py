"""Many people at once on the changes of one policy, in a process with a store of its own: `python -m tests.environments.deciders ROUNDS`.

Prints for each round, as JSON, what became of its changes and of the policy.
"""

import json
import random
import sys
from typing import Any


def stage() -> tuple[Any, list[Any]]:
    """prod with its usual policy, and six leads."""
    from django.core.management import call_command

    from accounts.models import Role, User
    from environments import services

    call_command("migrate", verbosity=0)
    ada = User.objects.create_user("ada", role=Role.ADMIN)
    leads = [User.objects.create_user(f"lena{number}", role=Role.LEAD) for number in range(6)]
    return services.create_environment(user=ada, fields={"slug": "prod", "name": "prod", "protected": True}), leads


def doings(prod: Any, leads: list[Any], order: random.Random, number: int) -> tuple[list[int], list[Any]]:
    """Three changes of the same policy and one that takes the protection off; thirty decisions on them, in any order."""
    from environments import changes
    from environments.models import PolicyChange

    proposed = [changes.change_policy(prod, user=leads[turn], fields={"approval_hours": number * 10 + turn + 1}) for turn in range(3)]
    ids = [change.pk for change in proposed if change]

    def decide(id: int, user: Any, how: str) -> None:
        change = PolicyChange.objects.select_related("environment", "project", "database", "proposed_by").get(pk=id)
        if how == "withdraw":
            changes.withdraw(change, user=user)
        else:
            changes.decide(change, user=user, decision=how)

    def one() -> Any:
        id, user, how = order.choice(ids), order.choice(leads), order.choice(["approve", "approve", "approve", "reject", "withdraw"])
        return lambda: decide(id, user, how)

    return ids, [one() for _ in range(30)]


def main() -> None:
    import django

    django.setup()
    from audit.models import AuditEntry
    from environments.models import Policy, PolicyChange
    from tests.jobs.crowd import at_once

    prod, leads = stage()
    for number in range(int(sys.argv[1])):
        ids, calls = doings(prod, leads, random.Random(number), number)
        broken, policy = at_once(calls), Policy.objects.get()
        changes = [[c.status, c.proposed_by_id == c.decided_by_id, c.version, c.after] for c in PolicyChange.objects.filter(pk__in=ids)]
        carried = AuditEntry.objects.filter(action="policy.change", detail__change__in=ids).count()
        line = {"changes": changes, "version": policy.version, "hours": policy.approval_hours, "carried": carried, "broken": broken}
        sys.stdout.write(json.dumps(line) + "\n")
        PolicyChange.objects.filter(status="waiting").update(status="withdrawn")


if __name__ == "__main__":
    main()
