"""By which way a change came: a page, the API, a worker or a command. Set where requests and tasks come in, taken up by every entry."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass, replace

from django.conf import settings
from django.http import HttpRequest, HttpResponse

WAYS = ("web", "api", "worker", "command")


@dataclass(frozen=True)
class Via:
    """`token` is the first characters of an API token, which are shown beside its name too; `request` is in the answer's X-Request-ID."""

    way: str = "command"
    address: str = ""
    request: str = ""
    token: str = ""

    def facts(self) -> dict[str, str]:
        return {name: value for name, value in asdict(self).items() if value}


_here: ContextVar[Via | None] = ContextVar("via", default=None)
_process = Via()


def current() -> Via:
    """What the request or task said, else what this process is for."""
    return _here.get() or _process


def this_process_is(way: str) -> None:
    """For a process that does one kind of thing: whatever it records without more being said, in any thread, came this way."""
    global _process  # noqa: PLW0603 a process knows once what it is
    _process = Via(way)


@contextmanager
def coming(via: Via) -> Iterator[None]:
    """Whatever is recorded inside came this way."""
    before = _here.set(via)
    try:
        yield
    finally:
        _here.reset(before)


def by_token(prefix: str) -> None:
    """The request that is being answered was let in by this token."""
    if (via := _here.get()) is not None:
        _here.set(replace(via, token=prefix))


def address_of(request: HttpRequest) -> str:
    """Who calls; behind a proxy, whom the proxy names last. What a client writes there itself comes before that."""
    forwarded = request.headers.get("X-Forwarded-For", "") if settings.HTTPS else ""
    return forwarded.rpartition(",")[2].strip()[:64] or str(request.META.get("REMOTE_ADDR", ""))


class WayMiddleware:
    """The first of all: whatever a request changes, its entry says from where it came."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        way = "api" if request.path.startswith("/api/") else "web"
        via = Via(way, address_of(request), secrets.token_hex(8))
        with coming(via):
            answer = self.get_response(request)
        answer["X-Request-ID"] = via.request
        return answer
