"""Hosts that nobody's database has: link-local and cloud metadata addresses, in whatever notation."""

import ipaddress
import socket
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooSlow

from environments.errors import Unreachable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

FORBIDDEN = [
    ipaddress.ip_network(text)
    for text in ("169.254.0.0/16", "fe80::/10", "fd00:ec2::254/128", "100.100.100.200/32", "192.0.0.192/32", "fd20:ce::254/128")
]
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
TRIED = 2  # addresses of one host name: each may take the whole connect timeout's share


def literal(host: str) -> Address | None:
    """The address that `host` is written as, None for a name. Knows 0x7f.1, 2130706433 and the like, as the C library does."""
    text = host.strip("[]").split("%")[0].rstrip(".")
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        pass
    try:
        return ipaddress.IPv4Address(socket.inet_aton(text))
    except (OSError, UnicodeError):
        return None


def is_forbidden(address: Address) -> bool:
    """Whether the address, or the IPv4 address inside it, is one that no connection may go to."""
    return any(one.version == network.version and one in network for one in _faces(address) for network in FORBIDDEN)


def resolve(host: str, timeout: float) -> list[str]:
    """The addresses to connect to, so that what was looked at is what is connected to. Raises Unreachable.

    The C library's own look-up knows no time limit, so it runs aside; a look-up that hangs ends by itself later.
    """
    pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="look-up")
    try:
        found = pool.submit(socket.getaddrinfo, host, None, type=socket.SOCK_STREAM).result(timeout)
    except TooSlow:
        reason = f"The host name {host} was not resolved within {timeout:.0f} s. See that the name server answers."
        raise Unreachable("dns_failed", reason) from None
    except (OSError, UnicodeError):
        reason = f"The host name {host} is not known here. See that it is spelled right and that DNS works."
        raise Unreachable("dns_failed", reason) from None
    finally:
        pool.shutdown(wait=False)
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if any(is_forbidden(ipaddress.ip_address(address.split("%")[0])) for address in addresses):
        raise Unreachable("address_refused", f"{host} leads to a link-local or metadata address; the dashboard does not connect there.")
    return addresses[:TRIED]


def _faces(address: Address) -> list[Address]:
    """The address, and IPv4 addresses that it wraps."""
    if isinstance(address, ipaddress.IPv4Address):
        return [address]
    wrapped = [address.ipv4_mapped, address.sixtofour]
    if address in NAT64 or int(address) >> 32 == 0:
        wrapped.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return [address, *(one for one in wrapped if one is not None)]
