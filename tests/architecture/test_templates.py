"""Templates hold no style or script of their own, and no word that is not translated.

The policy of the pages forbids inline style and script, so such a template would be broken, not only untidy.
"""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from jinja2 import Environment

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted((ROOT / "src" / "openmai").glob("**/jinja2/**/*.html"))
SPOKEN = {"title", "alt", "placeholder", "aria-label", "aria-description"}
LETTERS = re.compile(r"[A-Za-z\u3400-\u9fff]{2,}")
# What an expression leaves behind, so that a template's own words can be told from what it inserts.
HOLE = "0"


def own_text(source: str) -> str:
    """The template without Jinja: expressions are holes, translated blocks and comments are gone."""
    text, translated = [], False
    for _, kind, value in Environment(autoescape=True, extensions=["jinja2.ext.i18n"]).lex(source):
        if kind == "name" and value in ("trans", "endtrans"):
            translated = value == "trans"
        elif kind == "data" and not translated:
            text.append(value)
        elif kind == "variable_begin":
            text.append(HOLE)
    return "".join(text)


class Reader(HTMLParser):
    """Collects what a template may not hold."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.faults: list[str] = []
        self._open: list[tuple[str, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = {name for name, _ in attrs}
        if tag == "style" or (tag == "script" and "src" not in names):
            self.faults.append(f"inline <{tag}>")
        for name, value in attrs:
            if name == "style" or name.startswith("on"):
                self.faults.append(f"attribute {name} on <{tag}>")
            if name in SPOKEN and LETTERS.search(value or ""):
                self.faults.append(f"untranslated {name}={value!r}")
            if name in ("src", "href", "action") and (value or "").startswith(
                ("http:", "https:", "//", "data:")
            ):
                self.faults.append(f"{name} of <{tag}> leads to another origin")
        # Code is the same in all languages, and text with a language of its own is a sample of it.
        self._open.append((tag, tag in ("code", "svg", "script") or ("lang" in names and tag != "html")))

    def handle_endtag(self, tag: str) -> None:
        for i in range(len(self._open) - 1, -1, -1):
            if self._open[i][0] == tag:
                del self._open[i:]
                return

    def handle_data(self, data: str) -> None:
        if not any(quiet for _, quiet in self._open) and LETTERS.search(data):
            self.faults.append(f"untranslated text {data.strip()!r}")


def faults(source: str) -> list[str]:
    reader = Reader()
    reader.feed(own_text(source))
    reader.close()
    return reader.faults


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_template_is_clean(template: Path) -> None:
    assert faults(template.read_text()) == []


def test_there_are_templates() -> None:
    assert len(TEMPLATES) > 5


@pytest.mark.parametrize(
    "source",
    [
        "<p>Hello there</p>",
        '<img alt="A face">',
        "<style>p{}</style>",
        "<script>alert(1)</script>",
        '<p style="color:red"></p>',
        '<p onclick="f()"></p>',
        '<script src="https://cdn.example/x.js"></script>',
        "<p>{{ name }} 你好</p>",
        "{% trans %}Fine{% endtrans %}<b>Not fine</b>",
    ],
)
def test_each_fault_is_seen(source: str) -> None:
    assert faults(source) != []


@pytest.mark.parametrize(
    "source",
    [
        '<p>{{ _("Hello") }} · {% trans %}Good day{% endtrans %}</p>',
        '<img alt="{{ name }}"><script type="module" src="{{ asset("base.js") }}"></script>',
        '<code>make demo</code><p lang="zh-Hans">中文</p>{# Not shown #}',
    ],
)
def test_what_is_fine_is_let_through(source: str) -> None:
    assert faults(source) == []
