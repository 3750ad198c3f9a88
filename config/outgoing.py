"""Sending something to an address that a person gave: only where config.networks lets connections lead, and never for long."""

import http.client
import socket
import ssl
from contextlib import closing
from urllib.parse import urlsplit

from config import networks
from config.errors import Refused

READ_AT_MOST = 64 * 1024


class NotSent(Refused):
    """The sentence names the host, never the whole address: its path may be the secret by which it is known."""

    status = 502
    code = "not_sent"
    title = "It could not be sent"


class _Pinned(http.client.HTTPConnection):
    """Connects to the address that was looked at, whatever the name leads to by now."""

    def __init__(self, host: str, port: int, address: str, timeout: float, tls: ssl.SSLContext | None) -> None:
        super().__init__(host, port, timeout=timeout)
        self.address, self.tls, self.limit = address, tls, timeout

    def connect(self) -> None:
        plain = socket.create_connection((self.address, self.port), self.limit)
        self.sock = self.tls.wrap_socket(plain, server_hostname=self.host) if self.tls else plain


def post(url: str, body: bytes, headers: dict[str, str], *, timeout: float = 5.0) -> int:
    """The status of the answer, also of one that is no success; redirects are not followed. Raises NotSent or HostRefused."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or not host or parts.username or parts.password:
        raise NotSent("The address has to begin with https:// or http://, name a host, and hold no user or password.")
    tls = ssl.create_default_context() if parts.scheme == "https" else None
    address = networks.look_up(host, timeout)[0]
    try:
        port = parts.port or (443 if tls else 80)
        with closing(_Pinned(host, port, address, timeout, tls)) as connection:
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request("POST", path, body, headers)
            answer = connection.getresponse()
            answer.read(READ_AT_MOST)
            return answer.status
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise NotSent(f"{host} did not take it ({type(error).__name__}).") from error
