"""Reading JSON that somebody else wrote: strict and bounded, every refusal in words and with its place."""

import json
import re
import unicodedata
from collections.abc import Collection
from typing import Any, ClassVar, NoReturn

from openmai.anonymity.encoding import canonical_json
from openmai.anonymity.errors import AnonymityError, NotCanonical, gettext_noop
from openmai.anonymity.fields import parse_decimal, parse_hex
from openmai.anonymity.limits import MAX_DEPTH, MAX_INTEGER

# Possessive, and ready for an unfinished string, so that hostile input is read in one pass.
_STRING = re.compile(rb'"(?:[^"\\]++|\\.?)*+"?', re.DOTALL)
_BRACKET = re.compile(rb"[\[\]{}]")
_SPACE = re.compile(r"\s|\ufeff")
_ = gettext_noop


class DocumentRefused(AnonymityError):
    """A document is not what it has to be. `pointer` (RFC 6901) names the place; "" is the whole document."""

    code: ClassVar[str] = "bad-value"

    def __init__(self, template: str, /, *, pointer: str = "", **values: object) -> None:
        super().__init__(template, **values)
        self.pointer = pointer


class BodyTooLarge(DocumentRefused):
    """More bytes than the limit for this document."""

    code: ClassVar = "body-too-large"


class MalformedJson(DocumentRefused):
    """No JSON, or JSON that two programs may read differently: duplicate keys, NaN, fractions, depth."""

    code: ClassVar = "malformed-json"


class UnknownField(DocumentRefused):
    """A field that this document does not have."""

    code: ClassVar = "unknown-field"


class MissingField(DocumentRefused):
    """A field that this document must have."""

    code: ClassVar = "missing-field"


class BadValue(DocumentRefused):
    """A field of the wrong type, length or range."""


class NotCanonicalField(DocumentRefused, NotCanonical):
    """A number, digest, text or document that is not in its one permitted form."""

    code: ClassVar = "not-canonical"


class WrongSite(DocumentRefused):
    """The document was made for another site."""

    code: ClassVar = "wrong-site"


class WrongSeason(DocumentRefused):
    """The document was made for another season."""

    code: ClassVar = "wrong-season"


def load_json(data: bytes, *, limit: int) -> object:
    """Parse UTF-8 JSON of at most `limit` bytes; raise `BodyTooLarge` or `MalformedJson`."""
    if len(data) > limit:
        raise BodyTooLarge(_("the document has more than %(limit)d bytes"), limit=limit)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedJson(_("byte %(offset)d is not UTF-8"), offset=error.start) from error
    # Before the parser, whose recursion a deep document could drive into the thread's stack.
    _check_depth(data)
    try:
        return json.loads(
            text,
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_float=_no_fraction,
            parse_constant=_no_fraction,
        )
    except json.JSONDecodeError as error:
        # Where, but not in the parser's own words: those are English.
        message = _("this is not JSON; reading failed in line %(line)d, column %(column)d")
        raise MalformedJson(message, line=error.lineno, column=error.colno) from error


def load_canonical(data: bytes, *, limit: int) -> object:
    """`load_json`, and raise `NotCanonicalField` unless `data` are the document's RFC 8785 bytes."""
    document = load_json(data, limit=limit)
    try:
        same = canonical_json(document) == data
    except NotCanonical as error:
        raise NotCanonicalField(_("the document has no canonical form")) from error
    if not same:
        raise NotCanonicalField(_("the document is not in its canonical form (RFC 8785)"))
    return document


def _check_depth(data: bytes) -> None:
    depth = 0
    for bracket in _BRACKET.findall(_STRING.sub(b"", data)):
        depth += 1 if bracket in b"[{" else -1
        if depth > MAX_DEPTH:
            raise MalformedJson(_("the document is nested more than %(depth)d deep"), depth=MAX_DEPTH)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise MalformedJson(_("an object has the same key twice"))
    return found


def _integer(digits: str) -> int:
    if len(digits) > 17 or digits == "-0" or abs(number := int(digits)) > MAX_INTEGER:
        raise MalformedJson(_("an integer is greater than 2^53 - 1, or minus zero"))
    return number


def _no_fraction(_text: str) -> NoReturn:
    raise MalformedJson(_("numbers must be whole, written without point and exponent"))


def show_name(name: str) -> str:
    """A key from outside, safe to be repeated in an answer: ASCII, and short."""
    return name[:40].encode("unicode_escape").decode("ascii")


class Fields:
    """An object with exactly the fields `names`, read one by one; every refusal carries its pointer."""

    def __init__(self, document: object, names: Collection[str], *, pointer: str = "") -> None:
        """Raise `BadValue` if it is no object, `UnknownField` or `MissingField` if its fields are others."""
        self._pointer = pointer
        if type(document) is not dict:
            raise BadValue(_("an object was expected here"), pointer=pointer)
        self._values: dict[str, object] = document
        for name in document:
            if name not in names:
                shown = show_name(name)
                escaped = shown.replace("~", "~0").replace("/", "~1")
                raise UnknownField(
                    _("the field “%(name)s” is not known here"), pointer=f"{pointer}/{escaped}", name=shown
                )
        for name in names:
            if name not in document:
                raise MissingField(_("the field “%(name)s” is missing"), pointer=self.at(name), name=name)

    def at(self, name: str) -> str:
        """The JSON pointer of a field."""
        return f"{self._pointer}/{name}"

    def raw(self, name: str) -> object:
        return self._values[name]

    def child(self, name: str, names: Collection[str]) -> "Fields":
        return Fields(self._values[name], names, pointer=self.at(name))

    def text(self, name: str, *, least: int = 0, most: int, lines: bool = False) -> str:
        """Text as people write it: see `check_text`."""
        return check_text(self._values[name], least=least, most=most, lines=lines, pointer=self.at(name))

    def word(self, name: str, pattern: re.Pattern[str]) -> str:
        """A string that matches `pattern` in full."""
        value = self._values[name]
        if type(value) is not str or not pattern.fullmatch(value):
            self._refuse(_("“%(name)s” does not have the form %(form)s"), name, form=pattern.pattern)
        return value

    def literal(self, name: str, *expected: object) -> Any:
        """One of `expected`, type included: `true` is not 1."""
        value = self._values[name]
        for each in expected:
            if type(value) is type(each) and value == each:
                return each
        listed = ", ".join(json.dumps(each) for each in expected)
        return self._refuse(_("“%(name)s” must be %(expected)s"), name, expected=listed)

    def integer(self, name: str, *, least: int = 0, most: int = MAX_INTEGER) -> int:
        value = self._values[name]
        if type(value) is not int or not least <= value <= most:
            self._refuse(
                _("“%(name)s” must be a whole number from %(least)d to %(most)d"),
                name,
                least=least,
                most=most,
            )
        return value

    def decimal(self, name: str) -> int:
        """A field element in its decimal string."""
        self._check_string(name)
        try:
            return parse_decimal(self._values[name], name=name)
        except NotCanonical as error:
            message = _("“%(name)s” must be a decimal string without leading zero, below the field order")
            raise NotCanonicalField(message, pointer=self.at(name), name=name) from error

    def hex(self, name: str, *, size: int) -> bytes:
        """`size` bytes in lowercase hex."""
        self._check_string(name)
        try:
            return parse_hex(self._values[name], size=size, name=name)
        except NotCanonical as error:
            message = _("“%(name)s” must be %(digits)d lowercase hexadecimal digits")
            raise NotCanonicalField(message, pointer=self.at(name), name=name, digits=2 * size) from error

    def optional_hex(self, name: str, *, size: int) -> bytes | None:
        return None if self._values[name] is None else self.hex(name, size=size)

    def _check_string(self, name: str) -> None:
        if type(self._values[name]) is not str:
            self._refuse(_("“%(name)s” must be a string"), name)

    def _refuse(self, template: str, name: str, **values: object) -> NoReturn:
        raise BadValue(template, pointer=self.at(name), name=name, **values)


def check_list(value: object, *, least: int = 0, most: int, pointer: str) -> list[Any]:
    """Return `value` if it is a list of `least` to `most` elements; raise `BadValue`."""
    if type(value) is not list or not least <= len(value) <= most:
        message = _("a list of %(least)d to %(most)d elements was expected here")
        raise BadValue(message, pointer=pointer, least=least, most=most)
    return value


def check_text(value: object, *, least: int, most: int, lines: bool, pointer: str) -> str:
    """Return `value` if it is NFC text of `least` to `most` code points.

    It has no control characters and no white space outside; `lines` allows the line feed. Raises `BadValue`
    or `NotCanonicalField`.
    """
    if type(value) is not str:
        raise BadValue(_("a text was expected here"), pointer=pointer)
    # Length first: what follows is linear, but the limit is the point.
    if not least <= len(value) <= most:
        message = _("the text has %(length)d characters; %(least)d to %(most)d are allowed")
        raise BadValue(message, pointer=pointer, length=len(value), least=least, most=most)
    for character in value:
        if (category := unicodedata.category(character)) == "Cs":
            raise BadValue(_("the text holds half of a surrogate pair"), pointer=pointer)
        if category == "Cc" and not (lines and character == "\n"):
            message = _("the text holds the control character U+%(number)s")
            raise BadValue(message, pointer=pointer, number=f"{ord(character):04X}")
    if value and (_SPACE.match(value[0]) or _SPACE.match(value[-1])):
        raise NotCanonicalField(_("the text begins or ends with white space"), pointer=pointer)
    if not unicodedata.is_normalized("NFC", value):
        raise NotCanonicalField(_("the text is not in Unicode's normal form NFC"), pointer=pointer)
    return value


def tidy_text(text: str) -> str:
    """Text as a writer typed it, made such that `check_text` accepts it: line ends, NFC, nothing outside."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", "    ")
    kept = "".join(
        character
        for character in plain
        if character == "\n" or unicodedata.category(character) not in ("Cc", "Cs")
    )
    # Normalising first: it may turn a character at the edge into white space.
    return re.sub(r"\A[\s\ufeff]+|[\s\ufeff]+\Z", "", unicodedata.normalize("NFC", kept))
