"""The workload: each lane is one database, on which one job after the other is asked for, watched, and held against the database."""

import random
import time
import uuid
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from crash import web
from crash.shapes import Shape, shapes
from crash.targets import Facts, Targets

REST = {"succeeded": 0.0, "other": 1.0, "long": 3.5}  # seconds between a verdict and the check: a lie may show only later


@dataclass
class Request:
    """A job that was accepted; `touched` is when a fault hit it for the last time."""

    profile: str
    command: str
    future: "Future[Any]"
    asked_at: float
    id: int = 0
    row: dict[str, Any] = field(default_factory=dict)
    ended_at: float = 0.0
    touched: float = 0.0

    @property
    def ended(self) -> bool:
        return self.ended_at > 0


@dataclass
class Lane:
    """`phase`: clear (empty the database), wait (until the dashboard has read it), run, rest."""

    name: str
    shape: Shape
    profiles: list[str]
    phase: str = "clear"
    since: float = 0.0
    requests: list[Request] = field(default_factory=list)
    before: Facts | None = None
    rounds: int = 0
    pending: "Future[Any] | None" = None


class Workload:
    """Keeps the lanes busy. `check` is called with a lane whose jobs are over; what it answers are violations."""

    def __init__(self, port: int, targets: Targets, chance: random.Random, *, width: float, favoured: str = "") -> None:
        self.port, self.targets, self.chance = port, targets, chance
        self.pool = ThreadPoolExecutor(6, thread_name_prefix="request")
        self.shapes = shapes(targets.engine)
        for shape in self.shapes:
            shape.lanes = round(shape.lanes * width * (4 if shape.name == favoured else 1))
        self.lanes: list[Lane] = []
        self.by_job: dict[int, Request] = {}
        self.refused: list[str] = []
        self.slowest = 0.0
        self.open = True

    def register(self, directory: Any) -> None:
        web.insist(self.port, "POST", "/environments", {"slug": "dev", "name": "dev", "position": 1, "protected": False})
        for shape in self.shapes:
            shape.write(directory)
            source = {"kind": "directory", "path": str(shape.root)}
            web.insist(self.port, "POST", "/projects", {"slug": shape.name, "source": source})
            for number in range(shape.lanes):
                self.lanes.append(self._lane(shape, f"{shape.name}_{number}"))

    def _lane(self, shape: Shape, name: str) -> Lane:
        url = self.targets.create(name)
        names = [name, f"{name}_again"][: 2 if shape.twins else 1]
        body = {"project": shape.name, "environment": "dev", "url": url}
        ids = [web.insist(self.port, "POST", "/databases", body | {"name": name})["id"] for name in names]
        return Lane(name, shape, [str(id) for id in ids])

    # --- one look at every lane

    def step(self, rows: dict[int, dict[str, Any]], current: dict[str, Any]) -> list[Lane]:
        """Moves every lane on by what the store says; answers those whose jobs are over and have rested."""
        return [lane for lane in self.lanes if self._step(lane, rows, current)]

    def _step(self, lane: Lane, rows: dict[int, dict[str, Any]], current: dict[str, Any]) -> bool:
        now = time.monotonic()
        if lane.phase == "clear" and self.open:
            self._clear(lane, now)
        elif lane.phase == "wait":
            self._wait(lane, current, now)
        elif lane.phase == "run":
            self._watch(lane, rows, now)
        elif lane.phase == "rest" and now - lane.since >= self._rest(lane):
            return True
        return False

    def _clear(self, lane: Lane, now: float) -> None:
        lane.requests, lane.rounds = [], lane.rounds + 1
        self.targets.clear(lane.name)
        if lane.shape.versioned:
            self.targets.add_version_table(lane.name)
        lane.before = self.targets.facts(lane.name)
        self._ask_for_reading(lane)
        lane.phase, lane.since = "wait", now

    def _ask_for_reading(self, lane: Lane) -> None:
        for profile in lane.profiles:
            self.pool.submit(self._tolerant, "POST", f"/databases/{profile}/checks", {})

    def _tolerant(self, method: str, path: str, body: Any) -> None:
        try:
            web.call(self.port, method, path, body)
        except (web.NoAnswer, web.Refusal):
            return

    def _wait(self, lane: Lane, current: dict[str, Any], now: float) -> None:
        """Until the dashboard knows that the database is empty."""
        known = [current.get(profile) for profile in lane.profiles]
        if all(found and found[0] in ("uninitialised", "pending") and not found[1] for found in known):
            if self.open:
                self.request(lane, "upgrade", "head")
            else:
                lane.phase = "clear"
        elif now - lane.since > 4:
            lane.since = now
            self._ask_for_reading(lane)

    def request(self, lane: Lane, command: str, revision: str) -> None:
        for profile in lane.profiles:
            body = {"database": profile, "command": command, "revision": revision}
            future = self.pool.submit(self._post, body, str(uuid.UUID(int=self.chance.getrandbits(128))))
            lane.requests.append(Request(profile, command, future, time.monotonic()))
        lane.phase = "run"

    def _post(self, body: dict[str, Any], key: str) -> Any:
        """The same request with the same key, until it is answered: however often it is sent, it is one job."""
        for _ in range(200):
            started = time.monotonic()
            try:
                answer = web.call(self.port, "POST", "/jobs", body, key=key)
            except web.NoAnswer:
                time.sleep(0.4)
                continue
            self.slowest = max(self.slowest, time.monotonic() - started)
            return answer
        raise web.NoAnswer("no answer in 200 attempts")

    def _watch(self, lane: Lane, rows: dict[int, dict[str, Any]], now: float) -> None:
        for request in lane.requests:
            if not request.id and request.future.done():
                self._accepted(lane, request)
            if request.id and request.id in rows:
                request.row = rows[request.id]
                if request.row["status"] in ("succeeded", "failed", "canceled") and not request.ended:
                    request.ended_at = now
        if lane.requests and all(request.ended for request in lane.requests):
            lane.phase, lane.since = "rest", now
        elif not lane.requests:
            lane.phase = "clear"

    def _accepted(self, lane: Lane, request: Request) -> None:
        """A refusal (the database could not be read at that moment) is an honest answer: then there is no job."""
        try:
            request.id = int(request.future.result()["id"])
            self.by_job[request.id] = request
        except (web.Refusal, web.NoAnswer) as error:
            self.refused.append(str(error))
            lane.requests.remove(request)

    def _rest(self, lane: Lane) -> float:
        if all(request.row["status"] == "succeeded" for request in lane.requests):
            return REST["succeeded"]
        return REST["long" if lane.shape.name == "long" else "other"]

    def shape_of(self, request: Request) -> str:
        return next(lane.shape.name for lane in self.lanes if request.profile in lane.profiles)

    @property
    def running(self) -> list[Request]:
        found = [request for lane in self.lanes if lane.phase == "run" for request in lane.requests]
        return [request for request in found if request.row.get("status") == "running" and not request.ended]

    @property
    def busy(self) -> bool:
        return any(lane.phase in ("run", "rest") for lane in self.lanes)
