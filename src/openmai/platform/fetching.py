"""Reading what another server answers: bounded in bytes and in time, whatever it sends and however slowly.

Only plain bytes are asked for and taken: a compressed answer grows in memory before it can be counted.
"""

import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Self

import httpx

_HEADERS: Final = {"user-agent": "openmai", "accept-encoding": "identity"}


@cache
def _trusted() -> ssl.SSLContext:
    """The usual authorities; reading them takes longer than most requests, so once for each process."""
    return httpx.create_ssl_context(trust_env=False)


class AnswerRefused(Exception):
    """The answer was not read to its end."""


class PackedAnswer(AnswerRefused):
    """It came in an encoding that was not asked for: a few bytes could stand for any number."""


class LongAnswer(AnswerRefused):
    """It is longer than it may be; the rest was not read."""


class SlowAnswer(AnswerRefused):
    """It took longer than it may take in all, though each byte may have come in time."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said."""

    status: int
    data: bytes


class Fetcher:
    """A client for one origin, used by one thread. No redirect is followed: whoever answers is the one that
    was asked.

    `timeout` bounds each step of a request, `seconds` all of it.
    """

    def __init__(self, origin: str, *, timeout: httpx.Timeout, seconds: float) -> None:
        self._seconds = seconds
        self._socket: socket.socket | None = None
        self._over = threading.Event()
        self._client = httpx.Client(
            base_url=origin,
            timeout=timeout,
            verify=_trusted(),
            follow_redirects=False,
            trust_env=False,
            headers=_HEADERS,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._client.close()

    def get(self, path: str, *, limit: int) -> Answer:
        """What is at `path`; raises as `send` does."""
        return self.send(self._client.build_request("GET", path), limit=limit)

    def post(self, path: str, content: bytes, *, limit: int) -> Answer:
        """What the server says to `content`; raises as `send` does."""
        return self.send(self._client.build_request("POST", path, content=content), limit=limit)

    def send(self, request: httpx.Request, *, limit: int) -> Answer:
        """The answer to `request`; raise an `AnswerRefused` or httpx's `HTTPError`."""
        request.extensions = {**request.extensions, "trace": self._trace}
        self._over = threading.Event()
        timer = threading.Timer(self._seconds, self._hang_up, (self._over,))
        timer.daemon = True
        timer.start()
        try:
            with closing(self._client.send(request, stream=True)) as response:
                answer = Answer(response.status_code, read_plain(response, limit=limit))
        except httpx.HTTPError as error:
            if self._over.is_set():
                raise SlowAnswer(self._too_slow(request)) from error
            raise
        finally:
            timer.cancel()
            # Kept cookies would tell a server that the same one comes again.
            self._client.cookies.clear()
        if self._over.is_set():
            # A body without a length ends when the connection does, and looks whole.
            raise SlowAnswer(self._too_slow(request))
        return answer

    def _too_slow(self, request: httpx.Request) -> str:
        return f"{request.url.path} took more than {self._seconds:g} seconds"

    def _trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Note the socket: waiting for the head of an answer, or for its next byte, ends when it does."""
        if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            self._socket = info["return_value"].get_extra_info("socket")
            if self._over.is_set():
                # Names and dead addresses took all the time there was.
                self._hang_up(self._over)

    def _hang_up(self, over: threading.Event) -> None:
        over.set()
        if self._socket is not None:
            with suppress(OSError):
                # The plain socket's method: TLS has nothing to say to a server that is left.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


def read_plain(response: httpx.Response, *, limit: int) -> bytes:
    """The body of a streamed answer; raise `PackedAnswer` or `LongAnswer`."""
    if response.headers.get("content-encoding", "identity") != "identity":
        raise PackedAnswer(f"{response.url.path} came in an encoding that was not asked for")
    data = bytearray()
    for chunk in response.iter_raw():
        data += chunk
        if len(data) > limit:
            raise LongAnswer(f"{response.url.path} has more than {limit} bytes")
    return bytes(data)
