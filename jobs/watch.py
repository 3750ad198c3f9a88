"""Looks, while a migration is silent, who is in its way, and says so in the job and its log. The worker never waits for the answer."""

import os
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from environments import blockers
from environments.blockade import Blockade, Waiter
from environments.models import Database
from jobs import leftovers
from jobs.recorder import Recorder

QUIET_SECONDS = 1.5
PAUSE_SECONDS, LONGEST_PAUSE = 2.0, 15.0
TOLD_SECONDS, LATELY_SECONDS = 30.0, 10.0


class Watch:
    """One per run; `tick` is called from the worker's own loop. `found` is what was last seen, while it is still so.

    A look has a thread of its own, a connection of its own and time limits of its own: output has to be read meanwhile.
    """

    def __init__(self, database: Database, recorder: Recorder, session: str, lock_key: int, lock_timeout: float) -> None:
        self.database, self.recorder, self.session, self.lock_key = database, recorder, session, lock_key
        self.lock_timeout = lock_timeout
        self.found: dict[str, Any] | None = None
        self.for_our_lock = self.connected = False
        self._since = self._next = time.monotonic()
        self._seq = recorder.seq
        self._told_at = 0.0
        self._others = leftovers.descendants(os.getpid(), dead=True)
        self._look: Look | None = None
        self._seen: tuple[float, dict[str, Any]] | None = None

    def hear(self, event: dict[str, Any]) -> None:
        """What the runner reports: whether it waits for our lock or holds it, and that it goes on."""
        kind = event.get("event")
        self.for_our_lock = kind == "waiting_for_lock" or (self.for_our_lock and kind != "locked")
        self.connected = self.connected or kind == "connected"
        if kind != "waiting_for_lock":
            self._went_on()

    def tick(self) -> None:
        """Called several times a second."""
        if self.recorder.seq != self._seq and not self.for_our_lock:
            self._went_on()
        now = time.monotonic()
        if self._look is None and self.connected and now - self._since >= QUIET_SECONDS and now >= self._next:
            own = frozenset({os.getpid(), *leftovers.descendants(os.getpid(), besides=self._others)})
            self._look = Look(self.database, Waiter(self.session, self.lock_key, self.for_our_lock, own))
        elif self._look is not None and not self._look.is_alive():
            found, self._look = self._look.found, None
            self._next = now + (PAUSE_SECONDS if found else min(LONGEST_PAUSE, max(PAUSE_SECONDS, (now - self._since) / 4)))
            self._take(found)

    @property
    def seen_lately(self) -> dict[str, Any] | None:
        """Who was in the way a moment ago: the one for whom a statement gave up."""
        return self._seen[1] if self._seen and time.monotonic() - self._seen[0] < LATELY_SECONDS else None

    def _went_on(self) -> None:
        self._since, self._seq = time.monotonic(), self.recorder.seq
        if self._look is not None:
            self._look.found = None
        if self.found is not None:
            self.found = None
            self.recorder.write(blocked_by=None)

    def _take(self, found: Blockade | None) -> None:
        if found is None:
            if self.found is not None:
                self._went_on()
            return
        first = self.found is None
        self.found = as_record(found, lock_timeout=self.lock_timeout, first=self.found)
        self._seen = time.monotonic(), self.found
        self.recorder.write(blocked_by=self.found)
        if first or time.monotonic() - self._told_at >= TOLD_SECONDS:
            self._told_at = time.monotonic()
            self.recorder.line("dashboard", f"WARNING: {sentence(self.found)}")
            self._seq = self.recorder.seq


class Look(threading.Thread):
    """One question to the server. A daemon: a server that does not answer must not keep the worker alive."""

    def __init__(self, database: Database, waiter: Waiter) -> None:
        super().__init__(daemon=True, name="watch")
        self.database, self.waiter = database, waiter
        self.found: Blockade | None = None
        self.start()

    def run(self) -> None:
        self.found = blockers.find(self.database, self.waiter)


def as_record(found: Blockade, *, lock_timeout: float, first: dict[str, Any] | None) -> dict[str, Any]:
    """What the job keeps: moments instead of ages, so that a page can go on counting."""
    now = datetime.now(UTC)
    since = moment(now, found.waited_s) or (first["since"] if first else now.isoformat(timespec="seconds"))
    gives_up = lock_timeout and found.waited_s is not None and not found.ours
    return {
        "wants": found.wants,
        "since": since,
        "gives_up_at": moment(now, found.waited_s - lock_timeout) if gives_up and found.waited_s is not None else None,
        "certain": found.certain,
        "for_our_lock": found.ours,
        "noun": found.noun,
        "behind": found.behind,
        "behind_since": moment(now, found.longest_s),
        "seen_at": now.isoformat(timespec="seconds"),
        "sessions": [
            {
                "pid": holder.pid,
                "application": holder.application,
                "user": holder.user,
                "host": holder.host,
                "state": holder.state,
                "state_since": moment(now, holder.state_s),
                "transaction_since": moment(now, holder.transaction_s),
                "query": holder.query,
                "waits": holder.waits,
            }
            for holder in found.holders
        ],
    }


def moment(now: datetime, age: float | None) -> str | None:
    return None if age is None else (now - timedelta(seconds=age)).isoformat(timespec="seconds")


def sentence(blocked: dict[str, Any], *, over: bool = False) -> str:
    """Such as: waits for ACCESS EXCLUSIVE on users, held by billing-worker (session 9914, user app), idle in transaction for 48 min.

    `over` is for a job that waits no more.
    """
    names = " and ".join(named(session, blocked["noun"]) for session in blocked["sessions"])
    who, what = names or f"another {blocked['noun']}", blocked["wants"]
    held = f"held by {who}" if blocked["certain"] else f"the server does not say who holds it; most likely {who}"
    return f"It waited for {what}, {held}." if over else f"Waits for {what}, {held}."


def named(session: dict[str, Any], noun: str) -> str:
    """Who it is, in a few words."""
    facts = [f"{noun} {session['pid']}" if session["pid"] else "", f"user {session['user']}" if session["user"] else "", session["host"]]
    inner = ", ".join(fact for fact in facts if fact)
    name = session["application"] or f"a {noun}"
    return f"{name} ({inner})" + (f", {session['state']}" if session["state"] else "") if inner else f"{name}"
