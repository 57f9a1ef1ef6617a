"""The subpoena test in its reduced form: 24 members, 600 posts, and a site that leaks in eleven ways.

The full one is `make adversary`; its report is docs/subpoena-test.md. Few posts tell little, so the margins
are wider here: this form notices a leak such as those of the controls, not a faint one.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.adversary.attacks import NAMES
from tests.adversary.leaks import CAUGHT_BY, TRACES, WRITES
from tests.adversary.material import lacking
from tests.adversary.report import CAUGHT
from tests.adversary.run import Outcome, run
from tests.adversary.world import REDUCED
from tests.factories.cast import ROOT

RANK = 0.08
FIRST = 0.12
# In three days and one roster these have too few posts that they could speak of; `make adversary` has them.
TOO_FEW = {"xmax_on_parents", "page_lsn", "session_expiry", "member_wal", "mail_times", "trained_model"}
# Few texts are long, what was deleted is soon overwritten, and 600 rows fill few pages.
COARSE = {"toast_oids", "dead_tuples", "ctid"}
LEAKS = WRITES | TRACES


@pytest.fixture(scope="module")
def where() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="openmai-adversary-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        yield folder


@pytest.fixture(scope="module")
def product(where: Path) -> Outcome:
    return run(REDUCED, where=where, say=print)


@pytest.fixture(scope="module")
def leaking(where: Path) -> Outcome:
    return run(REDUCED, where=where, say=print, leaks=LEAKS)


# Each half lives in a process of its own, so that both go on at once.
@pytest.mark.xdist_group("leaking")
def test_every_leak_is_found_by_the_attack_that_is_made_for_it(leaking: Outcome) -> None:
    wanted = {name for name, leak in CAUGHT_BY.items() if leak in LEAKS} - TOO_FEW
    found = {name: leaking.of(name).p_tail for name in wanted}
    assert not {name: p for name, p in found.items() if p >= (1e-2 if name in COARSE else CAUGHT)}


@pytest.mark.xdist_group("product")
def test_what_is_seized_of_the_product_tells_no_more_than_is_public(product: Outcome) -> None:
    assert {each.name for each in product.verdicts} == {*NAMES, "trained_model"}
    told = {
        each.name: (each.bound_rank, each.bound_first, each.p_holm)
        for each in product.verdicts
        if not each.passes(rank=RANK, first=FIRST) or each.p_holm < 0.001
    }
    assert not told
    assert not lacking(product.facts["material"])


def test_neither_the_clock_nor_a_leak_can_be_switched_on_in_the_product() -> None:
    """Both live in the tests; the product knows no setting of theirs."""
    sources = [path for path in (ROOT / "src").rglob("*") if path.suffix in {".py", ".toml", ".html"}]
    assert len(sources) > 100
    assert not [path.name for path in sources if "ADVERSARY" in path.read_text()]
