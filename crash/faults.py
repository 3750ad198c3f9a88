"""What is done to the processes. The choice follows the seed; what it hits depends on what runs at that moment."""

import heapq
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from redis.exceptions import RedisError

from crash.lanes import Request, Workload
from crash.processes import Installation, send, table
from crash.targets import Targets

FAVOURED = 8  # how much more often a control draws the faults that it takes to be seen


@dataclass(order=True)
class Later:
    at: float
    number: int
    action: Callable[[], Any] = field(compare=False)


class Faults:
    """`weights` says how often each kind is drawn."""

    weights = {
        "kill_runner": 20, "kill_slot": 12, "kill_worker": 7, "term_worker": 2, "kill_readings": 3, "kill_scheduler": 3, "kill_web": 6,
        "stop_slot": 5, "stop_runner": 2, "kill_broker": 2, "lose_broker": 2, "pause_broker": 3, "flush_broker": 3,
        "restart_target": 3, "cut_lines": 8, "deafen_lines": 8, "restart_store": 2, "ring_again": 5, "cancel": 4,
    }  # fmt: skip
    server_only = ("restart_target", "cut_lines", "deafen_lines")

    def __init__(self, place: Installation, targets: Targets, workload: Workload, chance: random.Random, favoured: tuple[str, ...]) -> None:
        self.place, self.targets, self.workload, self.chance = place, targets, workload, chance
        names = [name for name in self.weights if targets.proxy or name not in self.server_only]
        self.names = names
        self.odds = [self.weights[name] * (FAVOURED if name in favoured else 1) for name in names]
        self.later: list[Later] = []
        self.counts = dict.fromkeys(names, 0)
        self.numbers = 0

    def next(self) -> str:
        """Does one, and says which. Everything that has to be undone is undone by `tend`."""
        name = self.chance.choices(self.names, self.odds)[0]
        getattr(self, name)()
        self.counts[name] += 1
        return name

    def tend(self, *, now: float | None = None) -> None:
        while self.later and self.later[0].at <= (now or time.monotonic()):
            heapq.heappop(self.later).action()

    def settle(self) -> None:
        """Everything that is still to be undone, at once."""
        self.tend(now=float("inf"))

    def after(self, seconds: float, action: Callable[[], Any]) -> None:
        self.numbers += 1
        heapq.heappush(self.later, Later(time.monotonic() + seconds, self.numbers, action))

    def touch(self, chosen: Callable[[Request], bool]) -> None:
        """Remembers when the processes of a running job were hit for the first time, for the time until its truth is told."""
        for request in self.workload.running:
            if chosen(request):
                request.touched = request.touched or time.monotonic()

    def one(self, pids: list[int]) -> int:
        """Any of them; the draw is made even if there is none, so that the same seed goes on in the same way."""
        number = self.chance.random()
        return pids[int(number * len(pids))] if pids else 0

    # --- processes

    def kill_runner(self) -> None:
        pid = self.one(self.place.runners())
        above = table().get(pid, (0, ""))[0]
        self.touch(lambda request: request.row["pid"] == above)
        send(pid, signal.SIGKILL)

    def slot(self) -> int:
        """A process of a worker that runs a job, if there is one."""
        slots = {request.row["pid"] for request in self.workload.running}
        ours = [pid for name in ("jobs1", "jobs2") for pid in self.place.children(name)]
        return self.one(sorted(slots & set(ours)) or ours)

    def kill_slot(self) -> None:
        pid = self.slot()
        self.touch(lambda request: request.row["pid"] == pid)
        send(pid, signal.SIGKILL)

    def worker(self) -> str:
        name = self.chance.choice(("jobs1", "jobs2"))
        slots = self.place.children(name)
        self.touch(lambda request: request.row["pid"] in slots)
        return name

    def kill_worker(self) -> None:
        send(self.place.main(self.worker()), signal.SIGKILL)

    def term_worker(self) -> None:
        send(self.place.main(self.chance.choice(("jobs1", "jobs2"))), signal.SIGTERM)

    def kill_readings(self) -> None:
        send(self.one([self.place.main("reads"), *self.place.children("reads")]), signal.SIGKILL)

    def kill_scheduler(self) -> None:
        send(self.place.main("scheduler"), signal.SIGKILL)
        if self.chance.random() < 0.5:
            self.place.down.add("scheduler")
            self.after(8, lambda: self.place.down.discard("scheduler"))

    def kill_web(self) -> None:
        send(self.one([self.place.main("web"), *self.place.children("web")]), signal.SIGKILL)

    def stop_slot(self) -> None:
        """Long enough to be given up for dead, then it goes on as if nothing had happened. Half the time it is the slowest job's."""
        pid = self.slot()
        slow = [request.row["pid"] for request in self.workload.running if self.workload.shape_of(request) == "slow"]
        if self.chance.random() < 0.5 and slow:
            pid = slow[0]
        self.touch(lambda request: request.row["pid"] == pid)
        send(pid, signal.SIGSTOP)
        self.after(42, lambda: send(pid, signal.SIGCONT))

    def stop_runner(self) -> None:
        pid = self.one(self.place.runners())
        send(pid, signal.SIGSTOP)
        self.after(6, lambda: send(pid, signal.SIGCONT))

    # --- broker and store

    def kill_broker(self, *, empty: bool = False) -> None:
        broker = self.place.broker
        if not broker.is_running():
            return
        assert broker.process
        if not empty:
            with suppress(RedisError, OSError):
                self.place.client().save()
        broker.process.kill()
        broker.process.wait()
        if empty:
            (broker.directory / "dump.rdb").unlink(missing_ok=True)
        self.after(2.5, broker.start)

    def lose_broker(self) -> None:
        """It comes back without a memory."""
        self.kill_broker(empty=True)

    def pause_broker(self) -> None:
        if self.place.broker.is_running():
            assert self.place.broker.process
            pid = self.place.broker.process.pid
            send(pid, signal.SIGSTOP)
            self.after(4, lambda: send(pid, signal.SIGCONT))

    def flush_broker(self) -> None:
        with suppress(RedisError, OSError):
            self.place.client().flushall()

    def restart_store(self) -> None:
        process = self.place.store.process
        if process:
            process.send_signal(signal.SIGQUIT)
            process.wait(20)
            from crash.targets import revive

            revive(self.place.store)

    # --- the target

    def restart_target(self) -> None:
        self.targets.restart()

    def cut_lines(self) -> None:
        assert self.targets.proxy
        self.targets.proxy.cut_all()

    def deafen_lines(self) -> None:
        assert self.targets.proxy
        self.targets.proxy.deafen(self.chance)

    # --- people and messages

    def ring_again(self) -> None:
        """Every doorbell ten times."""
        waiting = [request.id for lane in self.workload.lanes for request in lane.requests if request.id and not request.ended]
        from config.doorbell import ring

        for id in waiting[:6]:
            for _ in range(10):
                if not ring("jobs.tasks.run_job", id):
                    return

    def cancel(self) -> None:
        chosen = self.one([request.id for request in self.workload.running])
        if chosen:
            self.workload.pool.submit(self.workload._tolerant, "POST", f"/jobs/{chosen}/cancel", {})
