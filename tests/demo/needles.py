"""A visit over HTTP with strings that occur nowhere else, and the search for them."""

import re
from pathlib import Path

import httpx

# Never to be found on a disk: address, browser, password, cookie, query, refused text.
SECRET = {
    "X-Forwarded-For": "198.51.100.171",
    "User-Agent": "NeedleBrowser/9.9",
    "password": "seven quiet herons at noon",
    "cookie": "needle-cookie-77",
    "query": "needle-query-88",
    "body": "needle-body-99",
}
NAME, MAIL = "Alicia Needleworth", "alicia.needle@post.example"
HEADERS = {name: SECRET[name] for name in ("X-Forwarded-For", "User-Agent")} | {"Accept-Language": "en"}


def visit_people(origin: str) -> None:
    """Register, and ask for a page that does not exist."""
    with httpx.Client(base_url=origin, headers=HEADERS, follow_redirects=True, timeout=30) as client:
        path = "/en/account/signup/"
        [token] = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', client.get(path).text)
        form = {
            "csrfmiddlewaretoken": token,
            "email": MAIL,
            "real_name": NAME,
            "password1": SECRET["password"],
        }
        answer = client.post(path, data=form, headers={"Origin": origin, "Referer": origin + path})
        assert answer.url.path == "/en/account/confirm-email/", answer.text
        client.get(f"/en/nowhere/{MAIL}", params={"q": SECRET["query"]})


def visit_talk(origin: str) -> None:
    """Read, look for what is not there, and send what is refused."""
    headers = HEADERS | {"Cookie": f"member={SECRET['cookie']}"}
    with httpx.Client(base_url=origin, headers=headers, timeout=30) as client:
        assert client.get("/en/", params={"q": SECRET["query"]}).status_code == 200
        assert client.get(f"/en/t/{'ab' * 32}/", params={"q": SECRET["query"]}).status_code == 404
        body = f'{{"{SECRET["body"]}": 1}}'.encode()
        assert client.post("/api/v1/submissions", content=body).status_code == 422


def files_with(needle: str, folder: Path) -> set[Path]:
    """Every file below `folder` that holds `needle`."""
    return {path for path in folder.rglob("*") if path.is_file() and needle.encode() in path.read_bytes()}
