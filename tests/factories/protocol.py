"""What docs/protocol.md says of the sites' APIs."""

import re
from pathlib import Path

from ninja import NinjaAPI

PROTOCOL = Path(__file__).resolve().parents[2] / "docs" / "protocol.md"


def problem_codes() -> dict[str, int]:
    """Code → status, as "`code` `code` 422" lists them."""
    listed = re.findall(r"((?:`[a-z-]+` )+)(\d{3})\b", PROTOCOL.read_text())
    return {code: int(status) for codes, status in listed for code in re.findall("[a-z-]+", codes)}


def undocumented(api: NinjaAPI) -> list[str]:
    """The operations that the document does not name as "METHOD /path", an argument as "<id>"."""
    text = PROTOCOL.read_text()
    named = set(re.findall(r"`((?:GET|POST|PUT|PATCH|DELETE) /[^`?\s]+)", text))
    schema = api.get_openapi_schema()
    operations = [f"{method.upper()} {path}" for path, item in schema["paths"].items() for method in item]
    assert operations
    return [each for each in operations if re.sub(r"\{\w+\}", "<id>", each) not in named]
