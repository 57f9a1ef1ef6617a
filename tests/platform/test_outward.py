"""Requests to servers that others named: nothing of our own network is reached, and nothing is unbounded."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from openmai.platform import outward
from openmai.platform.outward import MAX_ANSWER, Outward, Unreachable, is_public


class Handler(BaseHTTPRequestHandler):
    """Answers by the path, and notes who was asked for."""

    hosts: list[str] = []  # noqa: RUF012 - one server, one list

    def do_GET(self) -> None:
        self.hosts.append(self.headers["Host"])
        body = {"/large": b'"' + b"x" * MAX_ANSWER + b'"', "/list": b"[]", "/words": b"hello"}.get(
            self.path, json.dumps({"path": self.path}).encode()
        )
        self.send_response({"/moved": 302, "/broken": 500}.get(self.path, 200))
        if self.path == "/moved":
            self.send_header("Location", "http://127.0.0.1:1/")
        if self.path == "/packed":
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.path.startswith("/slow"):
            for each in body:
                self.wfile.write(bytes([each]))
                self.wfile.flush()
                time.sleep(0.2)
            return
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[str]:
    served = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=served.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://localhost:{served.server_port}"
    served.shutdown()
    thread.join()
    served.server_close()


def refused(client: Outward, url: object) -> str:
    with pytest.raises(Unreachable) as caught:
        client.get_json(url)  # type: ignore[arg-type]
    return str(caught.value)


PRIVATE = [
    *("127.0.0.1", "127.9.9.9", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254"),  # noqa: S104
    *("100.64.0.1", "198.18.0.1", "192.0.2.1", "224.0.0.1", "255.255.255.255", "240.0.0.1"),
    *("::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "ff02::1", "fec0::1", "2001:db8::1"),
    *("::ffff:127.0.0.1", "::ffff:8.8.8.8", "64:ff9b::7f00:1", "2002:7f00:1::", "2001:0:1::1", "", "x"),
]


@pytest.mark.parametrize("address", PRIVATE)
def test_no_address_of_a_private_network_is_asked(address: str):
    assert not is_public(address)
    client = Outward(resolve=lambda _host, _port: [address])
    assert "not public" in refused(client, "https://id.example/")


def test_public_addresses_are_public():
    assert all(map(is_public, ("8.8.8.8", "1.1.1.1", "2606:4700::1111")))


def test_one_private_address_among_public_ones_is_enough_to_refuse():
    client = Outward(resolve=lambda _host, _port: ["8.8.8.8", "127.0.0.1"])
    assert "not public" in refused(client, "https://id.example/")


@pytest.mark.parametrize(
    "url",
    [
        *("http://id.example/", "ftp://id.example/", "file:///etc/passwd", "gopher://id.example/", "//x", ""),
        *("https://user:password@id.example/", "https://id.example/#x", "https://id.example:22/", "https://"),
        *("https://id.example:99999/", "https://[::1", "https://id.example/" + "x" * 3000, None, 7),
    ],
)
def test_only_plain_https_addresses_are_asked(url: object):
    def resolve(_host: str, _port: int) -> list[str]:
        raise AssertionError("nothing was to be looked up")

    refused(Outward(resolve=resolve), url)


def test_the_address_that_was_judged_is_the_one_that_is_asked(server: str):
    """A name that is looked up twice could answer differently the second time."""
    asked = []

    def resolve(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    port = server.rpartition(":")[2]
    answer = Outward(local=True, resolve=resolve).get_json(f"http://id.example:{port}/x")
    assert (answer, asked) == ({"path": "/x"}, ["id.example"])
    assert Handler.hosts[-1] == f"id.example:{port}"


@pytest.mark.parametrize("path", ["large", "list", "words", "moved", "broken", "packed"])
def test_answers_that_are_not_one_small_object_are_refused(server: str, path: str):
    refused(Outward(local=True), f"{server}/{path}")


def test_a_server_that_drips_is_left(server: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(outward, "TOTAL_SECONDS", 0.5)
    # A quarter of a minute, were it read to its end.
    began = time.monotonic()
    assert "took more than" in refused(Outward(local=True), f"{server}/slow{'w' * 60}")
    assert time.monotonic() - began < 10


def test_a_server_that_is_not_there_is_unreachable():
    refused(Outward(local=True), "http://localhost:1/")


def test_only_so_many_are_asked_at_once(server: str):
    client = Outward(local=True)
    slow = [
        threading.Thread(target=client.get_json, args=(f"{server}/slow",)) for _n in range(outward.AT_ONCE)
    ]
    for thread in slow:
        thread.start()
    time.sleep(0.5)
    assert "at once" in refused(client, f"{server}/x")
    for thread in slow:
        thread.join()
    assert client.get_json(f"{server}/x") == {"path": "/x"}
