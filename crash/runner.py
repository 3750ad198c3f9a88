"""The runner as the product starts it, with the harness's hands in it; the project's interpreter runs this file by its path."""

import importlib
import importlib.util
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def load(name: str, path: Path) -> object:
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main() -> None:
    del sys.path[0]  # this directory: the project must not find our modules
    program = load("_runner_program", ROOT / "runner" / "__main__.py")
    program.load()
    sys.modules["_crash_points"] = points = load("_crash_points", ROOT / "crash" / "points.py")
    points.install(points.RUNNER_POINTS, program.NAME)
    if os.environ.get("CRASH_BREAK") == "lock":
        importlib.import_module(program.NAME + ".hooks").Guard.lock = lambda *_: None
    importlib.import_module(program.NAME + ".main").main()


if __name__ == "__main__":
    main()
