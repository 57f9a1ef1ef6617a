"""An answer is read up to a limit of bytes and of time, in whatever part of it Mallory is slow."""

import gzip
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from openmai.platform.fetching import Fetcher, LongAnswer, PackedAnswer, SlowAnswer

LIMIT = 10_000


class Handler(BaseHTTPRequestHandler):
    """Answers by the path."""

    def do_GET(self) -> None:
        self.send_response(200)
        if self.path == "/slow-head":
            self.flush_headers()
            self.drip(b"X-Long: " + b"x" * 1_000)
        if self.path == "/packed":
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Set-Cookie", f"seen={self.headers.get('Cookie', 'never')}")
        self.end_headers()
        if self.path == "/slow":
            self.drip(b"x" * 1_000)
        bodies = {"/packed": gzip.compress(bytes(LIMIT * 900)), "/long": b"x" * (LIMIT + 1)}
        self.wfile.write(bodies.get(self.path, self.headers.get("Cookie", "plain").encode()))

    def drip(self, data: bytes) -> None:
        for each in data:
            self.wfile.write(bytes([each]))
            self.wfile.flush()
            time.sleep(0.05)

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except OSError:
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def origin() -> Iterator[str]:
    served = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.daemon_threads = True
    threading.Thread(target=served.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{served.server_port}"
    served.shutdown()
    served.server_close()


@pytest.fixture
def fetcher(origin: str) -> Iterator[Fetcher]:
    """Patient: a busy machine is no slow server."""
    with Fetcher(origin, timeout=httpx.Timeout(30.0), seconds=30.0) as fetcher:
        yield fetcher


@pytest.fixture
def hasty(origin: str) -> Iterator[Fetcher]:
    with Fetcher(origin, timeout=httpx.Timeout(30.0), seconds=1.0) as fetcher:
        yield fetcher


@pytest.mark.parametrize(
    ("path", "refusal"), [("/packed", PackedAnswer), ("/long", LongAnswer)], ids=["packed", "long"]
)
def test_what_is_packed_or_too_long_is_not_read(fetcher: Fetcher, path: str, refusal: type[Exception]):
    with pytest.raises(refusal):
        fetcher.get(path, limit=LIMIT)


@pytest.mark.parametrize("path", ["/slow-head", "/slow"])
def test_a_server_that_drips_is_left_after_the_time_in_all(hasty: Fetcher, path: str):
    """Each byte comes well within the time of one step; in all it would take fifty seconds."""
    began = time.monotonic()
    with pytest.raises(SlowAnswer):
        hasty.get(path, limit=LIMIT)
    assert time.monotonic() - began < 25.0


def test_after_a_slow_answer_the_next_request_finds_a_connection_of_its_own(origin: str):
    with Fetcher(origin, timeout=httpx.Timeout(30.0), seconds=5.0) as fetcher:
        with pytest.raises(SlowAnswer):
            fetcher.get("/slow", limit=LIMIT)
        assert fetcher.get("/", limit=LIMIT).data == b"plain"


def test_a_server_whose_name_takes_all_the_time_is_left_when_it_is_found(
    hasty: Fetcher, monkeypatch: pytest.MonkeyPatch
):
    """No socket is known when the time ends; the one that comes later must not be read for long."""
    look_up = socket.getaddrinfo

    def slow(*given: Any, **named: Any) -> Any:
        time.sleep(1.2)
        return look_up(*given, **named)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    began = time.monotonic()
    with pytest.raises(SlowAnswer):
        hasty.get("/slow", limit=LIMIT)
    assert time.monotonic() - began < 25.0


def test_a_server_whose_certificate_nobody_vouches_for_is_not_spoken_to(tmp_path: Path):
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name.from_rfc4514_string("CN=localhost")
    begun = datetime.now(UTC) - timedelta(days=1)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, begun, begun + timedelta(days=9))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "server.pem"
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    pem.write_bytes(secret + certificate.public_bytes(Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as served:
        served.socket = context.wrap_socket(served.socket, server_side=True)
        threading.Thread(target=served.serve_forever, args=(0.01,), daemon=True).start()
        with (
            Fetcher(
                f"https://localhost:{served.server_port}", timeout=httpx.Timeout(30.0), seconds=30.0
            ) as it,
            pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"),
        ):
            it.get("/", limit=LIMIT)
        served.shutdown()


def test_no_cookie_is_brought_back(fetcher: Fetcher):
    assert [fetcher.get("/", limit=LIMIT).data for _each in range(2)] == [b"plain", b"plain"]
