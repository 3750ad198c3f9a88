"""A MariaDB of our own, where one is installed: `apt install mariadb-server-core`. Nothing else stands in for it."""

import os
import shutil
import subprocess
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Self

import pymysql
import pytest

from config.embedded import free_port
from tests.support.patience import eventually

USER, PASSWORD = "shop", "s3cr3t-canary"


class MariaDB:
    """The server while the block lasts. Skips the test where the program is not installed."""

    def __init__(self, directory: Path) -> None:
        self.directory, self.port = directory, free_port()

    def __enter__(self) -> Self:
        if not (shutil.which("mariadbd") and shutil.which("mariadb-install-db")):
            pytest.skip("NOT TESTED ON MARIADB: mariadbd is not installed (apt install mariadb-server-core mariadb-client-core)")
        self.directory.mkdir(parents=True)
        place = [f"--datadir={self.directory}/data", *(["--user=root"] if os.geteuid() == 0 else [])]
        install = ["mariadb-install-db", "--no-defaults", *place, "--auth-root-authentication-method=normal", "--skip-test-db"]
        subprocess.run(install, check=True, capture_output=True)
        options = [*place, f"--socket={self.directory}/socket", f"--port={self.port}", "--bind-address=127.0.0.1"]
        with (self.directory / "log").open("wb") as log:
            self.process = subprocess.Popen(["mariadbd", "--no-defaults", *options], stdout=log, stderr=log)
        self._wait()
        return self

    def _wait(self) -> None:
        try:
            eventually(self._answers, 30, "MariaDB answers", every=0.1)
        except AssertionError:
            pytest.fail((self.directory / "log").read_text(errors="replace")[-1000:])

    def _answers(self) -> bool:
        with suppress(pymysql.err.OperationalError):
            self.connect().close()
            return True
        return False

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(30)

    def connect(self, database: str | None = None) -> Any:
        """As root."""
        return pymysql.connect(host="127.0.0.1", port=self.port, user="root", database=database, autocommit=True)

    def run(self, *statements: str, database: str | None = None) -> None:
        with closing(self.connect(database)) as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def create_database(self, name: str) -> str:
        """A fresh one, and the URL of a user who may do everything in it and nothing else."""
        self.run(f"DROP DATABASE IF EXISTS {name}", f"CREATE DATABASE {name}")
        self.run(f"CREATE USER IF NOT EXISTS {USER}@'%' IDENTIFIED BY '{PASSWORD}'", f"GRANT ALL ON {name}.* TO {USER}@'%'")
        return f"mysql+pymysql://{USER}:{PASSWORD}@127.0.0.1:{self.port}/{name}"
