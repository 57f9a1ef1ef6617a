"""A name server on loopback that knows some TXT records and nothing else (RFC 1035), over UDP and TCP.

The demo's companies and the tests' companies have no real domain; this answers for their DKIM keys.
"""

import socketserver
import struct
import threading
from collections.abc import Callable, Mapping
from typing import Any, Final

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

TTL: Final = 60
_STRING: Final = 255


class DnsServer:
    """Answers `records` (owner name → text). Other names of their domains do not exist; the rest is refused.

    Use as a context manager, or call `start` and `stop`. `port` is known after construction, one for both
    transports.
    """

    def __init__(self, records: Mapping[str, str], *, host: str = "127.0.0.1", port: int = 0) -> None:
        self._records = {dns.name.from_text(name): text for name, text in records.items()}
        self._tcp = _TcpServer((host, port), self.answer)
        self.host = host
        self.port = int(self._tcp.server_address[1])
        self._udp = _UdpServer((host, self.port), self.answer)

    def start(self) -> None:
        for server in (self._tcp, self._udp):
            threading.Thread(target=server.serve_forever, args=[0.05], daemon=True).start()

    def stop(self) -> None:
        for server in (self._tcp, self._udp):
            server.shutdown()
            server.server_close()

    def __enter__(self) -> "DnsServer":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def set(self, name: str, text: str | None) -> None:
        """Change one record, or remove it: a company that has rotated its key."""
        owner = dns.name.from_text(name)
        if text is None:
            self._records.pop(owner, None)
        else:
            self._records[owner] = text

    def answer(self, wire: bytes) -> bytes | None:
        """The answer to one query, as bytes; None for what is not a query."""
        try:
            query = dns.message.from_wire(wire)
        except dns.exception.DNSException:
            return None
        if query.flags & dns.flags.QR or len(query.question) != 1:
            return None
        response = dns.message.make_response(query)
        response.flags |= dns.flags.AA
        question = query.question[0]
        text = self._records.get(question.name)
        if text is None:
            known = any(question.name.is_subdomain(_domain(owner)) for owner in self._records)
            response.set_rcode(dns.rcode.NXDOMAIN if known else dns.rcode.REFUSED)
        elif question.rdtype == dns.rdatatype.TXT:
            response.answer.append(
                dns.rrset.from_text(question.name, TTL, dns.rdataclass.IN, dns.rdatatype.TXT, _quoted(text))
            )
        return response.to_wire()


def _domain(owner: dns.name.Name) -> dns.name.Name:
    """The signing domain of `selector._domainkey.domain`, or the name itself."""
    labels = owner.labels
    return dns.name.Name(labels[labels.index(b"_domainkey") + 1 :]) if b"_domainkey" in labels else owner


def _quoted(text: str) -> str:
    """A TXT record is a row of strings of at most 255 bytes."""
    return " ".join(f'"{text[i : i + _STRING]}"' for i in range(0, len(text), _STRING))


_Answer = Callable[[bytes], bytes | None]


class _TcpServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, address: tuple[str, int], answer: _Answer) -> None:
        self._answer = answer
        super().__init__(address, socketserver.StreamRequestHandler)

    def finish_request(self, request: Any, _client_address: Any) -> None:
        request.settimeout(5)
        with request.makefile("rb") as stream:
            prefix = stream.read(2)
            query = stream.read(*struct.unpack("!H", prefix)) if len(prefix) == 2 else b""
        if reply := self._answer(query):
            request.sendall(struct.pack("!H", len(reply)) + reply)


class _UdpServer(socketserver.ThreadingUDPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], answer: _Answer) -> None:
        self._answer = answer
        super().__init__(address, socketserver.DatagramRequestHandler)

    def finish_request(self, request: Any, client_address: Any) -> None:
        query, listener = request
        if reply := self._answer(query):
            listener.sendto(reply, client_address)
