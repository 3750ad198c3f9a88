"""One server for all cases, and the cases themselves, installed when they are first asked for."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.real_cases.cases import Case, prepare
from tests.support import figures
from tests.support.dashboard import TOKEN, Api, serving


@pytest.fixture(scope="session")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    with serving(tmp_path_factory.mktemp("server") / "data", ADMIN_PASSWORD="a good password", ADMIN_TOKEN=TOKEN) as dashboard:
        dashboard.wait_until_ready()
        api = Api(dashboard.port)
        api.post("/environments", {"slug": "dev", "name": "dev", "position": 1, "protected": False})
        yield api


@pytest.fixture(scope="session")
def registered(api: Api) -> Callable[[Case], dict[str, Any]]:
    """Installs a case if need be, registers it once, and answers the project."""
    known: dict[str, dict[str, Any]] = {}

    def register(case: Case) -> dict[str, Any]:
        if case.name not in known:
            started = time.monotonic()
            prepare(case)
            installed = time.monotonic()
            known[case.name] = api.post("/projects", case.fields)
            figures.note(f"{case}: installed in {installed - started:.1f} s, registered in {time.monotonic() - installed:.2f} s")
        return known[case.name]

    return register
