"""`openmai log witness`: a witness of other people's logs (C2SP tlog-witness), over HTTP.

What was cosigned is on the disk before the answer leaves: a witness that forgets would sign a fork.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from openmai.anonymity.encoding import sha256
from openmai.anonymity.keys import public_bytes
from openmai.anonymity.log.checkpoints import cosign, open_checkpoint
from openmai.anonymity.log.merkle import TreeHead
from openmai.anonymity.log.notes import COSIGNATURE, NoteKey
from openmai.anonymity.log.witness import MAX_REQUEST, WitnessRefusal, judge
from openmai.cli.member.home import write_private_bytes
from openmai.platform.config_values import Listen

PATH: Final = "/add-checkpoint"
_SIZE_TYPE: Final = "text/x.tlog.size"
_TIMEOUT: Final = 30


@dataclass
class Witness:
    """`logs` by origin; `folder` holds the newest cosigned checkpoint of each; `now` is Unix seconds."""

    name: str
    key: Ed25519PrivateKey
    logs: Mapping[str, NoteKey]
    folder: Path
    now: Callable[[], int]
    _lock: Lock = field(default_factory=Lock)

    @property
    def public(self) -> NoteKey:
        return NoteKey(self.name, public_bytes(self.key), COSIGNATURE)

    def add_checkpoint(self, body: bytes) -> str:
        """The signature line for a checkpoint; raise a `WitnessRefusal`. One request at a time."""
        with self._lock:
            checkpoint = judge(body, logs=self.logs, last=self.last)
            line = cosign(checkpoint, name=self.name, timestamp=self.now(), key=self.key)
            write_private_bytes(self._path(checkpoint.origin), checkpoint.data)
            self._sync()
        return line.text

    def last(self, origin: str) -> TreeHead | None:
        """The head that was cosigned last; None if there is none."""
        try:
            data = self._path(origin).read_bytes()
        except FileNotFoundError:
            return None
        return open_checkpoint(data, self.logs[origin]).head

    def _path(self, origin: str) -> Path:
        return self.folder / f"{sha256(origin.encode()).hex()}.checkpoint"

    def _sync(self) -> None:
        """The rename, too, must be on the disk."""
        descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def serve(witness: Witness, listen: Listen) -> ThreadingHTTPServer:
    """A server that is ready; `serve_forever` is for the caller."""

    class Handler(BaseHTTPRequestHandler):
        timeout = _TIMEOUT

        def do_POST(self) -> None:
            length = self.headers.get("Content-Length", "")
            if self.path != PATH:
                self._answer(404, "text/plain", "")
            elif not length.isdecimal() or int(length) > MAX_REQUEST:
                self._answer(400, "text/plain", "")
            else:
                self._judge(self.rfile.read(int(length)))

        def _judge(self, body: bytes) -> None:
            try:
                line = witness.add_checkpoint(body)
            except WitnessRefusal as error:
                kind = _SIZE_TYPE if error.body else "text/plain; charset=utf-8"
                self._answer(error.status, kind, error.body or f"{error}\n")
            else:
                self._answer(200, "text/plain; charset=utf-8", line)

        def _answer(self, status: int, kind: str, text: str) -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            """Who asked is nobody's business."""

    return ThreadingHTTPServer((listen.host, listen.port), Handler)
