"""The proxy passes everything on, and what it cuts is cut for both ends."""

import random
import socket
import threading
from collections.abc import Iterator

import pytest

from crash.proxy import Proxy


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


@pytest.fixture
def ends(server) -> Iterator[tuple[Proxy, socket.socket, socket.socket]]:
    """The proxy, its client and its server."""
    proxy = Proxy(server.getsockname()[1])
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as client:
        far, _ = server.accept()
        far.settimeout(5)
        with far:
            client.sendall(b"hello")
            assert far.recv(5) == b"hello"
            far.sendall(b"world")
            assert client.recv(5) == b"world"
            yield proxy, client, far
    proxy.close()


def is_cut(end: socket.socket) -> bool:
    try:
        return end.recv(1) == b""
    except ConnectionError:
        return True


def test_cut_all_is_seen_by_both_ends_though_nobody_sends(ends) -> None:
    proxy, client, far = ends
    waiting = threading.Thread(target=is_cut, args=(client,))
    waiting.start()
    assert proxy.cut_all() == 1
    waiting.join(5)
    assert not waiting.is_alive()
    assert is_cut(far)


def test_deafen_lets_the_server_hear_and_loses_its_answer(ends) -> None:
    proxy, client, far = ends
    assert proxy.deafen(random.Random(1)) == 1
    proxy.links[0].deaf_after = 0
    client.sendall(b"COMMIT")
    assert far.recv(6) == b"COMMIT"
    far.sendall(b"done")
    assert is_cut(client)


def test_connection_to_a_server_that_is_away_is_closed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    proxy = Proxy(port)
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as client:
        assert is_cut(client)
    proxy.close()
