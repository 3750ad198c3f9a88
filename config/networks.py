"""Where connections may lead: to no link-local or cloud metadata address, in whatever notation, and only into ALLOWED_NETWORKS."""

import ipaddress
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooSlow

from django.conf import settings

from config.errors import Refused

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

FORBIDDEN = [
    ipaddress.ip_network(text)
    for text in (
        "169.254.0.0/16",  # link-local; the metadata service of most clouds
        "fe80::/10",
        "fd00:ec2::254/128",  # AWS
        "fd20:ce::254/128",  # Google
        "100.100.100.200/32",  # Alibaba
        "192.0.0.192/32",  # Oracle
        "168.63.129.16/32",  # Azure
    )
]
# Prefixes of addresses that hold an IPv4 address in their last 32 bits: compatible, NAT64, translated.
WRAPPING = [ipaddress.IPv6Network(text) for text in ("::/96", "64:ff9b::/96", "::ffff:0:0:0/96")]
LOCAL_NAT64 = ipaddress.IPv6Network("64:ff9b:1::/48")
ISATAP = (0x00005EFE, 0x02005EFE)


class HostRefused(Refused):
    """A host that is not to be connected to, or that cannot be found. `code` is dns_failed or address_refused."""

    status = 409
    title = "The host cannot be connected to"

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code  # type: ignore[misc]  # the cause differs from case to case


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


def refusal(address: Address) -> str:
    """Why nothing may connect to this address, as the end of a sentence that begins with its name; "" where something may."""
    if any(_is_within(face, FORBIDDEN) for face in _faces(address)):
        return "a link-local or metadata address; the dashboard does not connect there"
    plain = getattr(address, "ipv4_mapped", None) or address
    if settings.ALLOWED_NETWORKS and not _is_within(plain, settings.ALLOWED_NETWORKS):
        return "outside the networks that this installation allows (ALLOWED_NETWORKS)"
    return ""


def look_up(host: str, timeout: float) -> list[str]:
    """The addresses of a host, every one of which may be connected to. Raises HostRefused.

    Whoever connects has to use one of these, and not the name again: it may lead elsewhere by then. The C library's own look-up
    knows no time limit, so it runs aside; a look-up that hangs ends by itself later.
    """
    pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="look-up")
    try:
        found = pool.submit(socket.getaddrinfo, host, None, type=socket.SOCK_STREAM).result(timeout)
    except TooSlow:
        reason = f"The host name {host} was not resolved within {timeout:.0f} s. See that the name server answers."
        raise HostRefused("dns_failed", reason) from None
    except (OSError, UnicodeError):
        reason = f"The host name {host} is not known here. See that it is spelled right and that DNS works."
        raise HostRefused("dns_failed", reason) from None
    finally:
        pool.shutdown(wait=False)
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    for address in addresses:
        if reason := refusal(ipaddress.ip_address(address.split("%")[0])):
            raise HostRefused("address_refused", f"{host} leads to an address that is {reason}.")
    return addresses


def _is_within(address: Address, networks: list[Network]) -> bool:
    return any(address.version == network.version and address in network for network in networks)


def _faces(address: Address) -> Iterator[Address]:
    """The address, and the IPv4 addresses that it wraps: it may be translated to one of them on its way."""
    yield address
    if isinstance(address, ipaddress.IPv4Address):
        return
    teredo = address.teredo or ()
    yield from (one for one in (address.ipv4_mapped, address.sixtofour, *teredo) if one is not None)
    number = int(address)
    if any(address in network for network in (*WRAPPING, LOCAL_NAT64)) or (number >> 32) & 0xFFFFFFFF in ISATAP:
        yield ipaddress.IPv4Address(number & 0xFFFFFFFF)
    if address in LOCAL_NAT64:  # RFC 6052: with a prefix of 48 bits the address lies around bits 64 to 71
        yield ipaddress.IPv4Address(((number >> 64) & 0xFFFF) << 16 | (number >> 40) & 0xFFFF)
