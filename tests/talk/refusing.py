"""How a refusal looks: its own code, a pointer, a sentence, and nothing that changed."""

from typing import Any

from tests.talk.conftest import Talk

from openmai.talk.epoch import EPOCH

Document = dict[str, Any]


def check_refused(talk: Talk, body: bytes, *, status: int, code: str, pointer: str | None) -> Document:
    waiting = len(EPOCH)
    response = talk.send(body)
    problem = dict(response.json())
    assert (response.status_code, problem.get("code"), problem.get("pointer")) == (status, code, pointer)
    assert response["Content-Type"] == "application/problem+json"
    assert problem["type"] == f"/problems/{code}"
    assert problem["status"] == status
    assert problem["detail"].endswith((".", "。"))
    assert len(EPOCH) == waiting
    return problem
