"""A TCP proxy between the dashboard and its target, whose connections can be cut at any moment, in one direction or in both."""

import random
import socket
import struct
import threading
from contextlib import suppress

from config.embedded import free_port

PIECE = 1 << 16
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close with a reset, as a broken line does


class Link:
    """One connection through the proxy. With `deaf_after` the answers stop after so many pieces, and then the line breaks."""

    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self.client, self.server = client, server
        self.deaf_after: int | None = None
        self.lock = threading.Lock()
        self.open = True

    def start(self) -> None:
        ways = ((self.client, self.server, False), (self.server, self.client, True))
        for source, sink, answers in ways:
            threading.Thread(target=self.pump, args=(source, sink, answers), daemon=True).start()

    def pump(self, source: socket.socket, sink: socket.socket, answers: bool) -> None:
        with suppress(OSError):
            while data := source.recv(PIECE):
                if answers and self.deaf_after is not None:
                    self.deaf_after -= 1
                    if self.deaf_after < 0:  # the server has done what it was asked, and nobody hears of it
                        break
                sink.sendall(data)
        self.cut(reset=answers and self.deaf_after is not None and self.deaf_after < 0)

    def cut(self, *, reset: bool = True) -> None:
        with self.lock:
            if not self.open:
                return
            self.open = False
        for end in (self.client, self.server):
            with suppress(OSError):
                if reset:
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)  # wakes the thread that reads from it: until then close() alone would close nothing
            end.close()


class Proxy:
    """Listens on `port` of 127.0.0.1 and connects to `to`."""

    def __init__(self, to: int) -> None:
        self.to, self.port = to, free_port()
        self.links: list[Link] = []
        self.listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                self.links = [link for link in self.links if link.open]
                try:
                    server = socket.create_connection(("127.0.0.1", self.to), timeout=5)
                except OSError:
                    client.close()
                    continue
                server.settimeout(None)
                for end in (client, server):
                    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.links.append(Link(client, server))  # before a byte passes: whoever sees one can cut its line
                self.links[-1].start()

    def cut_all(self) -> int:
        found = [link for link in self.links if link.open]
        for link in found:
            link.cut()
        return len(found)

    def deafen(self, chance: random.Random) -> int:
        """From now on the answers of every open connection are lost, each after a few more pieces."""
        found = [link for link in self.links if link.open]
        for link in found:
            link.deaf_after = chance.randrange(3)
        return len(found)

    def close(self) -> None:
        self.listener.close()
        self.cut_all()
