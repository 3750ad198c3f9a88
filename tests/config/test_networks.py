"""Which addresses may be connected to, in every notation in which they can be written."""

import socket
from ipaddress import ip_address, ip_network

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import env, networks

FORBIDDEN = [
    "169.254.169.254", "169.254.0.1", "169.254.170.2", "169.254.169.254.", "2852039166", "0xA9FEA9FE", "0xa9.0xfe.0xa9.0xfe",
    "0251.0376.0251.0376", "169.254.43518", "169.16689662", "0xA9.254.0251.254", "::ffff:169.254.169.254", "::ffff:a9fe:a9fe",
    "0:0:0:0:0:ffff:169.254.169.254", "::169.254.169.254", "::a9fe:a9fe", "::ffff:0:169.254.169.254", "64:ff9b::169.254.169.254",
    "64:ff9b::a9fe:a9fe", "64:ff9b:1::169.254.169.254", "64:ff9b:1:a9fe:a9:fe00::", "2002:a9fe:a9fe::1",
    "fe80::5efe:169.254.169.254", "2001:db8::5efe:169.254.169.254", "2001:0:1:1:0:0:5601:5601", "fe80::1", "fe80::1%eth0", "febf::1",
    "fd00:ec2::254", "fd20:ce::254", "100.100.100.200", "192.0.0.192", "168.63.129.16", "[fe80::1]", "FE80:0::1",
]  # fmt: skip
FREE = ["127.0.0.1", "::1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "fd12::1", "8.8.8.8", "2001:db8::1", "0x7f.1", "127.1"]


def address(text: str) -> networks.Address:
    found = networks.literal(text)
    assert found is not None
    return found


@pytest.mark.parametrize("text", FORBIDDEN)
def test_address_of_metadata_is_refused_in_every_notation(text: str) -> None:
    assert "link-local or metadata" in networks.refusal(address(text))


@pytest.mark.parametrize("text", FREE)
def test_loopback_and_private_networks_are_free(text: str) -> None:
    assert networks.refusal(address(text)) == ""


@pytest.mark.parametrize("text", ["db.example.org", "localhost", "1.2.3.4.5", "256.1.1.1", "0xg", "", "db-1", "deadbeef"])
def test_name_is_no_address(text: str) -> None:
    assert networks.literal(text) is None


@pytest.mark.parametrize(("text", "is_free"), [
    ("10.1.2.3", True), ("::ffff:10.1.2.3", True), ("fd12::7", True), ("0xa.1", True), ("127.0.0.1", False), ("11.0.0.1", False),
    ("64:ff9b::10.1.2.3", False), ("fd13::7", False), ("2001:0:a01:203::1", False), ("169.254.169.254", False),
])  # fmt: skip
def test_only_allowed_networks_are_free(settings, text: str, is_free: bool) -> None:
    settings.ALLOWED_NETWORKS = [ip_network(text) for text in ("10.0.0.0/8", "fd12::/16", "169.254.0.0/16")]
    assert (networks.refusal(address(text)) == "") is is_free


def test_look_up_refuses_a_name_of_which_one_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (text, 0)) for text in ("10.0.0.1", "169.254.169.254")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(networks.HostRefused, match="metadata") as caught:
        networks.look_up("db.example.org", 1)
    assert caught.value.code == "address_refused"


def test_allowed_networks_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOWED_NETWORKS", " 10.0.0.0/8, fd12::/16,127.0.0.1 ")
    assert env.networks("ALLOWED_NETWORKS") == [ip_network("10.0.0.0/8"), ip_network("fd12::/16"), ip_network("127.0.0.1/32")]
    assert ip_address("127.0.0.1") in env.networks("ALLOWED_NETWORKS")[2]


def test_allowed_networks_that_make_no_sense_stop_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOWED_NETWORKS", "10.0.0.0/33")
    with pytest.raises(ImproperlyConfigured, match="ALLOWED_NETWORKS"):
        env.networks("ALLOWED_NETWORKS")
