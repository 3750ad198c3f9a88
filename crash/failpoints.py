"""The named places of web, workers and scheduler; those of the runner are in points.py."""

from crash.points import RUNNER_POINTS, Point, install

__all__ = ["POINTS", "RUNNER_POINTS", "install"]

WEB = [
    Point("web-plan-made", "jobs.services:make_plan", "after"),
    Point("web-job-inserted", "jobs.services:record", "before", "job.request"),
    Point("web-before-commit", "jobs.services:record", "after", "job.request"),
    Point("web-before-publish", "jobs.services:ring", "before", "jobs.tasks.run_job"),
    Point("web-after-publish", "jobs.services:ring", "after", "jobs.tasks.run_job"),
    Point("web-snapshot-kept", "migrations_store.services:_keep", "before"),
]
WORKER = [
    Point("claim-before", "jobs.execution:claim", "before"),
    Point("claim-marked", "jobs.claims:record", "before", "job.start"),
    Point("claim-before-commit", "jobs.claims:record", "after", "job.start"),
    Point("claim-after", "jobs.execution:claim", "after"),
    Point("code-verified", "jobs.execution:Execution._look", "before"),
    Point("first-reading-done", "jobs.execution:Execution._look", "after"),
    Point("before-spawn", "jobs.supervisor:Child._start", "before"),
    Point("after-spawn", "jobs.supervisor:Child._start", "after"),
    Point("event-taken", "jobs.execution:Execution.on_event", "before"),
    Point("log-flush-before", "jobs.recorder:Recorder.flush", "before"),
    Point("log-flush-after", "jobs.recorder:Recorder.flush", "after"),
    Point("log-written", "jobs.recorder:Recorder.write_now", "after"),
    Point("step-written", "jobs.recorder:Recorder._write_step", "after"),
    Point("heartbeat", "jobs.recorder:Recorder.tick", "after"),
    Point("runner-ended", "jobs.execution:Execution._conclude", "before"),
    Point("sessions-ended", "jobs.sessions:end", "after"),
    Point("verified", "jobs.execution:Execution.finish", "before"),
    Point("state-kept", "jobs.execution:record", "before", "job.finish"),
    Point("finish-before-commit", "jobs.execution:record", "after", "job.finish"),
    Point("finish-after-commit", "jobs.execution:Execution.finish", "after"),
    Point("next-rung", "jobs.schedule:ring_next", "after"),
]
REAPER = [
    Point("sweep-begins", "jobs.reaper:sweep", "before"),
    Point("sweep-rings", "jobs.schedule:first_in_line", "after"),
    Point("reaper-takes-over", "jobs.reaper:record", "before", "job.worker_lost"),
    Point("reaper-before-commit", "jobs.reaper:record", "after", "job.worker_lost"),
    Point("reaper-settles", "jobs.reaper:settle", "before"),
    Point("reaper-finishes", "jobs.reaper:_finish", "before"),
    Point("reaper-finish-before-commit", "jobs.reaper:record", "after", "job.finish"),
    Point("reaper-settled", "jobs.reaper:settle", "after"),
]
READS = [
    Point("preview-begins", "jobs.previews:write_preview", "before"),  # before the others: a plan's SQL is written once, at its first job
    Point("reading-before-save", "environments.readings:apply_reading", "before"),
]
ROTATION = [
    Point("rotation-before-row", "environments.secrets:_rotate", "before"),
    Point("rotation-after-row", "environments.secrets:_rotate", "after"),
]
POINTS = READS + WEB + WORKER + REAPER + ROTATION
