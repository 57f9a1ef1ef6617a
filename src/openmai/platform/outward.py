"""Requests to servers that an operator named, guarded: https, public addresses, bounded in size and time.

The name is resolved here, every address it has is judged, and the connection goes to the very address that
was judged; so neither a name that points inside the network nor one that changes in between gets anywhere.
Redirects are answers like any other, and not followed.
"""

import ipaddress
import json
import socket
import threading
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from openmai.platform.fetching import Answer, AnswerRefused, Fetcher

MAX_ANSWER: Final = 256 * 1024
MAX_URL: Final = 2048
TIMEOUT: Final = httpx.Timeout(5.0, connect=3.0)
TOTAL_SECONDS: Final = 10.0
AT_ONCE: Final = 3
PORTS: Final = frozenset({443, 8443})

Resolve = Callable[[str, int], list[str]]


class Unreachable(Exception):
    """The server may not be asked, does not answer, or answers with something else than was asked for."""


def resolve_by_system(host: str, port: int) -> list[str]:
    """Every address that the system's resolver knows for `host`."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_rest, address in found]


class Outward:
    """A client for such servers. `local` also lets http and private addresses through: demos and tests."""

    def __init__(self, *, local: bool = False, resolve: Resolve = resolve_by_system) -> None:
        self._local = local
        self._resolve = resolve
        self._places = threading.BoundedSemaphore(AT_ONCE)

    def get_json(self, url: str) -> dict[str, Any]:
        """The JSON object at `url`; raise `Unreachable`."""
        return self._ask(httpx.Request("GET", self._checked(url), headers=_HEADERS))

    def post_form(
        self, url: str, form: Mapping[str, str], *, headers: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """The JSON object that answers a form; raise `Unreachable`."""
        return self._ask(
            httpx.Request("POST", self._checked(url), data=dict(form), headers=_HEADERS | dict(headers or {}))
        )

    def check(self, url: object) -> str:
        """`url` if it may be asked at all, whatever its address; raise `Unreachable`."""
        return str(self._checked(url))

    def _checked(self, url: object) -> httpx.URL:
        if not isinstance(url, str) or len(url) > MAX_URL:
            raise Unreachable("an address is missing or too long")
        try:
            parts = urlsplit(url)
            parsed, port = httpx.URL(url), parts.port
        except (ValueError, httpx.InvalidURL) as error:
            raise Unreachable("an address cannot be read") from error
        if parts.username or parts.password or parts.fragment or not parsed.host:
            raise Unreachable("an address holds more than a server and a path")
        if self._local and parsed.scheme == "http":
            return parsed
        if parsed.scheme != "https" or (not self._local and (port or 443) not in PORTS):
            raise Unreachable("an address is not https on a usual port")
        return parsed

    def _ask(self, request: httpx.Request) -> dict[str, Any]:
        if not self._places.acquire(blocking=False):
            raise Unreachable("too many log-ins are being checked at once")
        try:
            answer = self._answer(self._pinned(request))
        except AnswerRefused as error:
            raise Unreachable(f"the answer is refused: {error}") from error
        except (httpx.HTTPError, httpx.StreamError, OSError, UnicodeError) as error:
            raise Unreachable(type(error).__name__) from error
        finally:
            self._places.release()
        try:
            document = json.loads(answer.data)
        except (ValueError, RecursionError) as error:
            raise Unreachable("the answer is not JSON") from error
        if answer.status != httpx.codes.OK or not isinstance(document, dict):
            raise Unreachable(f"the answer has status {answer.status}")
        return document

    def _pinned(self, request: httpx.Request) -> httpx.Request:
        """The request to an address that was judged; certificates are still checked for the name."""
        host = request.url.host
        address = self._address(host, request.url.port or 443)
        shown = f"[{address}]" if ":" in address else address
        return httpx.Request(
            request.method,
            request.url.copy_with(host=shown),
            headers=request.headers,  # with the Host of the name
            content=request.read(),
            extensions={"sni_hostname": host, "timeout": TIMEOUT.as_dict()},
        )

    def _address(self, host: str, port: int) -> str:
        addresses = self._resolve(host, port)
        if not addresses:
            raise Unreachable("the name has no address")
        if not self._local and not all(map(is_public, addresses)):
            raise Unreachable("the name points into a network that is not public")
        return addresses[0]

    def _answer(self, request: httpx.Request) -> Answer:
        with Fetcher("", timeout=TIMEOUT, seconds=TOTAL_SECONDS) as fetcher:
            return fetcher.send(request, limit=MAX_ANSWER)


_HEADERS: Final = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "Openmai"}
# What maps IPv4 into IPv6: the inner address is judged, and most of these nobody needs.
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")


def is_public(address: str) -> bool:
    """Whether anybody on the internet would reach the same machine under `address`."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped or parsed.sixtofour or parsed.teredo or parsed in _NAT64:
            return False
        if parsed.is_site_local:
            return False
    return parsed.is_global and not parsed.is_multicast
