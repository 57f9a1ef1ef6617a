"""The bare application: one answer from memory, byte for byte what the talk site says, and nothing else."""

import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

_answer = json.loads(Path(os.environ["BENCH_ANSWER"]).read_text())
_HEADERS = [tuple(pair) for pair in _answer["headers"]]
_BODY = _answer["body"].encode()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    start_response("200 OK", _HEADERS)
    return [_BODY]
