"""Domain names in their one permitted form: lower-case A-labels (RFC 5890), compared for equality only."""

import re
from typing import Final

import idna
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise

_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_NAME: Final = re.compile(rf"(?=.{{4,253}}\Z)(?:{_LABEL}\.)+(?=[a-z]){_LABEL}\Z")

# Mailboxes there are handed to anyone: an address proves no employment.
PUBLIC_WEBMAIL: Final = frozenset(
    """
    126.com 139.com 163.com 188.com 189.cn 21cn.com aliyun.com aol.com duck.com fastmail.com fastmail.fm
    foxmail.com gmail.com gmx.com gmx.de gmx.net googlemail.com hey.com hotmail.co.uk hotmail.com hotmail.fr
    icloud.com inbox.com live.cn live.com mac.com mail.com mail.ru me.com msn.com naver.com outlook.com
    proton.me protonmail.com qq.com rediffmail.com sina.cn sina.com sohu.com tom.com tutanota.com vip.163.com
    vip.qq.com vip.sina.com wo.cn yahoo.co.jp yahoo.co.uk yahoo.com yandex.com yandex.ru yeah.net ymail.com
    zoho.com zohomail.com
    """.split()
)


class CompanyError(Exception):
    """Root of every error that this package raises; `str()` is a sentence for the person who typed."""


class BadDomain(CompanyError):
    """The text is not a domain name that a company may register."""

    def __init__(self, reason: Text) -> None:
        super().__init__(str(reason))
        self.reason = reason


def canonical_domain(text: str) -> str:
    """The lower-case A-label form of a domain name that a person typed; raise `BadDomain` if it has none."""
    name = text.strip().rstrip(".").lower()
    try:
        ascii_name = idna.encode(name, uts46=True, std3_rules=True).decode("ascii")
    except (idna.IDNAError, UnicodeError) as error:
        raise BadDomain(_("This is not a domain name.")) from error
    if not _NAME.match(ascii_name):
        raise BadDomain(_("This is not a domain name."))
    return ascii_name


def company_domain(text: str) -> str:
    """`canonical_domain`, refusing public webmail; raise `BadDomain`."""
    name = canonical_domain(text)
    if name in PUBLIC_WEBMAIL:
        raise BadDomain(_("Anyone can get an address at this provider, so it belongs to no company."))
    return name


def skeleton(domain: str) -> str:
    """What a hurried eye sees: `domain` with its confusable characters made equal.

    Two names with one skeleton look alike (paypa1 and paypal). It explains a refusal and never accepts.
    """
    try:
        shown = idna.decode(domain)
    except idna.IDNAError:
        shown = domain
    plain = shown.translate(_CONFUSABLE)
    for pair, single in (("rn", "m"), ("vv", "w"), ("cl", "d")):
        plain = plain.replace(pair, single)
    return plain


_CONFUSABLE: Final = str.maketrans(
    {
        **dict.fromkeys("1lі|ıӏ", "i"),
        **dict.fromkeys("0оοо", "o"),
        **dict.fromkeys("аα", "a"),
        **dict.fromkeys("еε", "e"),
        **dict.fromkeys("сϲ", "c"),
        **dict.fromkeys("рρ", "p"),
        **dict.fromkeys("ѕ5", "s"),
        **dict.fromkeys("хχ", "x"),
        **dict.fromkeys("уγ", "y"),
        **dict.fromkeys("нһ", "h"),
        **dict.fromkeys("кκ", "k"),
        **dict.fromkeys("тτ", "t"),
        **dict.fromkeys("ν", "v"),
        "-": None,
    }
)
