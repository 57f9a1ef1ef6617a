"""Which loopback ports the demo uses: the usual ones, or the next that are free."""

import socket
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Final

HOST: Final = "127.0.0.1"
ATTEMPTS: Final = 200


class NoFreePort(Exception):
    """Two hundred ports in a row are taken."""


@dataclass(frozen=True)
class Ports:
    people: int = 8000
    talk: int = 8001
    mailbox: int = 8025
    smtp: int = 2525
    inbound: int = 2526
    dns: int = 5335


WHAT: Final = {
    "people": "the people site",
    "talk": "the talk site",
    "mailbox": "the mailbox page",
    "smtp": "outgoing mail",
    "inbound": "incoming mail",
    "dns": "the name server",
}


class Reservation:
    """Six free ports that no other demo on this machine takes while this object lives."""

    def __init__(self, say: Callable[[str], None], usual: Ports | None = None) -> None:
        self._names: list[socket.socket] = []
        chosen: dict[str, int] = {}
        wishes = asdict(usual or Ports())
        for name, wanted in wishes.items():
            others = set(wishes.values()) - {wanted}
            candidates = (port for port in range(wanted, wanted + ATTEMPTS) if port not in others)
            port = next(filter(self._take, candidates), None)
            if port is None:
                raise NoFreePort(f"No port from {wanted} on is free for {WHAT[name]}.")
            if port != wanted:
                say(f"Port {wanted} is taken; {WHAT[name]} takes {port} instead.")
            chosen[name] = port
        self.ports = Ports(**chosen)

    def release(self) -> None:
        while self._names:
            self._names.pop().close()

    def _take(self, port: int) -> bool:
        """Claim the port among demos and see that nobody else listens on it.

        Our servers share ports by SO_REUSEPORT: two demos started at once would both get one, and share its
        requests. The claim is an abstract socket name, which the kernel drops when the process ends.
        """
        name = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            name.bind(f"\0openmai/port/{port}")
        except OSError:
            name.close()
            return False
        if not is_free(port):
            name.close()
            return False
        self._names.append(name)
        return True


def is_free(port: int) -> bool:
    """Whether nobody listens there, on TCP or UDP."""
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            if kind == socket.SOCK_STREAM:
                # Connections that linger from the last run do not make a port taken.
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                return False
    return True
