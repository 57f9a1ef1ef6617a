"""What the demo's community is made of: enough of everything, invented, and such that the sites accept it."""

import re
import unicodedata
from collections import Counter

import pytest

from openmai.anonymity.documents import check_text
from openmai.anonymity.limits import MAX_LABEL, MAX_TEXT, MAX_TITLE
from openmai.companies.domains import company_domain
from openmai.demo.community.companies import (
    PERSONAL_DOMAIN,
    Company,
    load_companies,
    load_visitors,
    visitors_password,
)
from openmai.demo.community.threads import OLDEST, OPENER, Thread, load_threads
from openmai.talk.sections import BY_SLUG

FLOOR = 20
COMPANIES = {company.slug: company for company in load_companies()}
every_company = pytest.mark.parametrize("company", load_companies(), ids=lambda each: each.slug)
every_thread = pytest.mark.parametrize("thread", load_threads(), ids=lambda each: each.title)


def settled(company: Company, *, provable: bool = False) -> int:
    """How many are there at the first publication, and so are settled at the second."""
    return sum(signs or not provable for _, signs in company.comers(late=False))


def test_there_are_enough_companies_in_enough_trades():
    trades = Counter(company.trade for company in COMPANIES.values())
    assert 10 <= len(COMPANIES) <= 12
    assert trades["tech"] >= 3
    assert min(trades["health"], trades["logistics"], trades["kitchen"]) >= 2
    assert {"manufacturing", "finance"} <= trades.keys()


def test_at_least_320_members_have_keys():
    assert sum(len(company.members) for company in COMPANIES.values()) >= 320


def test_seven_companies_reach_the_floor_and_some_do_not():
    assert sum(settled(company) >= FLOOR for company in COMPANIES.values()) >= 7
    assert any(len(company.members) < FLOOR for company in COMPANIES.values())


def test_five_companies_reach_the_floor_with_signed_mails():
    provable = [settled(company, provable=True) for company in COMPANIES.values()]
    assert sum(count >= FLOOR for count in provable) == 5
    assert all(count == 0 or count >= FLOOR for count in provable)


@every_company
def test_a_company_has_reserved_domains_that_the_registry_accepts(company: Company):
    for domain in company.domains:
        assert company_domain(domain) == domain
        assert domain.endswith(".example")


@every_company
def test_a_company_has_two_names_that_a_roster_can_carry(company: Company):
    for name in (company.en, company.zh):
        assert check_text(name, least=1, most=MAX_LABEL, lines=False, pointer="")
    assert company.en.isascii()
    assert not company.zh.isascii()
    assert company.about_en
    assert company.about_zh
    assert company.size >= len(company.members)


def test_names_and_addresses_are_unique():
    people = [person for company in COMPANIES.values() for person in company.members]
    visitors = load_visitors()
    for values in (
        [person.name for person in people] + [visitor.name for visitor in visitors],
        [person.email for person in people] + [visitor.email for visitor in visitors],
        [domain for company in COMPANIES.values() for domain in company.domains],
        [company.en for company in COMPANIES.values()],
    ):
        assert [value for value, count in Counter(values).items() if count > 1] == []


@every_company
def test_every_name_and_address_is_one_that_the_people_site_accepts(company: Company):
    for person in company.members:
        assert person.name == unicodedata.normalize("NFC", person.name)
        assert all(unicodedata.category(each)[0] in "LMZ" or each in "'’.·-" for each in person.name)
        assert re.fullmatch(r"[a-z]+(\.[a-z]+)*", person.local)
        assert person.title
        assert person.city


def test_names_are_chinese_and_western():
    languages = Counter(person.language for company in COMPANIES.values() for person in company.members)
    assert min(languages["en"], languages["zh-hans"]) >= 100


def test_visitors_can_log_in_and_work_where_they_say():
    visitors = {visitor.email.partition("@")[0]: visitor for visitor in load_visitors()}
    assert {"alice", "bob", "charlie", "olga"} <= visitors.keys()
    assert not visitors["charlie"].works_at
    assert len(visitors_password()) >= 10
    for visitor in visitors.values():
        assert visitor.email.endswith(f"@{PERSONAL_DOMAIN}")
        if visitor.works_at:
            assert visitor.address.endswith(f"@{COMPANIES[visitor.works_at].domain}")
    assert len(COMPANIES[visitors["alice"].works_at].members) >= FLOOR
    assert len(COMPANIES[visitors["olga"].works_at].members) < FLOOR


def test_there_are_enough_threads_in_both_languages_and_every_section():
    threads = load_threads()
    assert len(threads) >= 45
    languages = Counter(thread.language for thread in threads)
    assert min(languages.values()) >= 0.45 * len(threads)
    for language in ("en", "zh"):
        assert {thread.section for thread in threads if thread.language == language} == BY_SLUG.keys()
    assert len({thread.title for thread in threads}) == len(threads)


def test_one_thread_is_long_enough_for_a_second_page():
    lengths = sorted(len(thread.replies) for thread in load_threads())
    assert lengths[-1] >= 60
    assert lengths[0] >= 2
    assert lengths[-2] <= 14


@every_thread
def test_every_text_is_one_that_the_talk_site_accepts(thread: Thread):
    check_text(thread.title, least=1, most=MAX_TITLE, lines=False, pointer="title")
    check_text(thread.body, least=1, most=MAX_TEXT, lines=True, pointer="body")
    for line in thread.replies:
        check_text(line.text, least=1, most=MAX_TEXT, lines=True, pointer=line.text)


@every_thread
def test_a_thread_is_a_conversation(thread: Thread):
    assert 0 < thread.hours <= OLDEST
    assert thread.spread < thread.hours
    assert thread.section in BY_SLUG
    assert {OPENER, *(line.voice for line in thread.replies)} == thread.cast.keys()
    assert len(thread.cast) >= 2
    for place, line in enumerate(thread.replies):
        assert line.answers is None or line.answers < place
        if line.answers is None:
            continue
        answered = thread.replies[line.answers].voice
        # Answering oneself is only an update of the opener's own.
        assert line.voice != answered or line.voice == OPENER


@every_thread
def test_nobody_speaks_under_a_label_below_the_floor(thread: Thread):
    for voice in thread.cast.values():
        if voice.company:
            company = COMPANIES[voice.company]
            if voice.roster.endswith("/provable"):
                assert settled(company, provable=True) >= FLOOR
            if voice.roster.endswith("/attested"):
                assert settled(company) >= FLOOR


def test_openers_come_back_and_strangers_speak():
    threads = load_threads()
    assert sum(any(line.voice == OPENER for line in thread.replies) for thread in threads) > len(threads) / 2
    mixed = [len({voice.company for voice in thread.cast.values()}) > 1 for thread in threads]
    assert sum(mixed) > len(threads) / 2
    assert any(line.answers is not None for thread in threads for line in thread.replies)
    kinds = Counter(voice.roster.rpartition("/")[2] for thread in threads for voice in thread.cast.values())
    assert min(kinds["site"], kinds["provable"]) >= 10
