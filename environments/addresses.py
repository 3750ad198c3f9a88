"""The addresses of a database's host that may be connected to."""

from config import networks
from environments.errors import Unreachable

TRIED = 2  # addresses of one host name: each may take the whole connect timeout's share


def resolve(host: str, timeout: float) -> list[str]:
    """The addresses to connect to, so that what was looked at is what is connected to. Raises Unreachable."""
    try:
        return networks.look_up(host, timeout)[:TRIED]
    except networks.HostRefused as refused:
        raise Unreachable(refused.code, str(refused)) from None
