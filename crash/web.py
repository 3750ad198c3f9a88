"""The dashboard's API as a program uses it that must not lose a request: an answer that did not come is asked for again."""

import http.client
import json
import time
import urllib.error
import urllib.request
from typing import Any

from crash.processes import TOKEN

OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class NoAnswer(Exception):
    """Nobody answered, or only half; whether it was done is not known."""


class Refusal(Exception):
    """An answer that says no."""

    def __init__(self, status: int, answer: Any) -> None:
        super().__init__(f"{status} {json.dumps(answer)[:400]}")
        self.status, self.code = status, str(answer.get("code", "")) if isinstance(answer, dict) else ""


def call(port: int, method: str, path: str, body: Any = None, *, key: str = "", timeout: float = 15) -> Any:
    """The parsed answer."""
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {TOKEN}"} | ({"Idempotency-Key": key} if key else {})
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}/api/v1{path}", data=data, headers=headers, method=method)
    try:
        with OPENER.open(request, timeout=timeout) as answer:
            return json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        text = error.read()
        try:
            said = json.loads(text)
        except ValueError:
            said = text.decode(errors="replace")
        if error.code >= 500:
            raise NoAnswer(f"{error.code} {said}") from None
        raise Refusal(error.code, said) from None
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise NoAnswer(f"{type(error).__name__}: {error}") from None


def insist(port: int, method: str, path: str, body: Any = None, *, key: str = "", seconds: float = 60) -> Any:
    """Asks until there is an answer; only for what may be asked twice."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return call(port, method, path, body, key=key)
        except NoAnswer:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.4)
