"""A WSGI application under granian as `openmai serve talk` runs it, and a client cheaper than any server.

The client pipelines over a few connections (RFC 9112 §9.3.2), so that it spends little of the processors
that it shares with what it measures.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Thread

from tests.factories.ports import free_port

from openmai.cli.operator import THREADS

_HEAD_END = b"\r\n\r\n"
_LENGTH = b"\r\ncontent-length: "


@contextmanager
def serve(target: str, **environment: str) -> Iterator[int]:
    """Serve `target` ("module:application") on a port of its own, and give that port."""
    port = free_port()
    argv = [
        sys.executable,
        "-m",
        "granian",
        "--interface",
        "wsgi",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    argv += [
        "--workers",
        "1",
        "--blocking-threads",
        str(THREADS["talk"]),
        "--backpressure",
        "1024",
        "--no-ws",
    ]
    argv += ["--log-level", "error", "--no-access-log", target]
    process = subprocess.Popen(argv, env={**os.environ, **environment})
    try:
        _wait_for(port, process)
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise RuntimeError("the server ended before it began")
        with socket.socket() as attempt:
            if attempt.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError("the server does not listen")


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:8001\r\n\r\n".encode()


def post(path: str, body: bytes) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:8001\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


class Connection:
    """One connection; answers are read as many as were asked for."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._buffer = bytearray()

    def ask(self, requests: bytes, *, count: int, status: int = 200) -> bytes:
        """Send `requests` at once, read `count` answers, and return the body of the last."""
        self._socket.sendall(requests)
        body = b""
        for _ in range(count):
            body = self._answer(status)
        return body

    def _answer(self, status: int) -> bytes:
        while (end := self._buffer.find(_HEAD_END)) < 0:
            self._receive()
        head = bytes(self._buffer[:end]).lower()
        if int(head[9:12]) != status:
            raise RuntimeError(f"the server answered {head[:40]!r}")
        start = head.index(_LENGTH) + len(_LENGTH)
        size = end + len(_HEAD_END) + int(head[start:].split(b"\r\n", 1)[0])
        while len(self._buffer) < size:
            self._receive()
        body = bytes(self._buffer[end + len(_HEAD_END) : size])
        del self._buffer[:size]
        return body

    def _receive(self) -> None:
        data = self._socket.recv(1 << 20)
        if not data:
            raise RuntimeError("the server closed the connection")
        self._buffer += data


def milliseconds_each(
    port: int, requests: Sequence[bytes], *, status: int = 200, connections: int = 4, depth: int = 8
) -> float:
    """Time per answer to `requests`, which are dealt out to `connections` and sent `depth` at a time."""
    hands = [requests[place::connections] for place in range(connections)]
    clients = [Connection(port) for _ in hands]
    failures: list[BaseException] = []

    def run(connection: Connection, hand: Sequence[bytes]) -> None:
        try:
            for place in range(0, len(hand), depth):
                batch = hand[place : place + depth]
                connection.ask(b"".join(batch), count=len(batch), status=status)
        except BaseException as error:
            failures.append(error)

    threads = [Thread(target=run, args=pair) for pair in zip(clients, hands, strict=True)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    elapsed = time.perf_counter() - start
    if failures:
        raise failures[0]
    return elapsed * 1e3 / len(requests)
