"""Ports for servers of tests."""

import random
import socket

_RANDOM = random.SystemRandom()


def free_port() -> int:
    """A port of loopback below those that the kernel hands out by itself (Linux: from 32,768), so that no
    connection of another test takes it before the server does.
    """
    while True:
        port = _RANDOM.randrange(21_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
