"""An outcome that was kept is the one that was found, and none of other code is taken for it."""

from pathlib import Path

import numpy as np
import pytest
from tests.adversary import kept
from tests.adversary.run import Outcome
from tests.adversary.test_judge import MEMBERS, POSTS, verdict_on
from tests.adversary.world import CONTROL

LEAKS = frozenset({"counter", "files"})


def test_a_verdict_is_read_as_it_was_kept(tmp_path: Path) -> None:
    verdict = verdict_on(lambda _authors, draw: draw.random((POSTS, MEMBERS)))
    place = kept.place_of(tmp_path / "state", CONTROL, LEAKS)
    kept.keep_outcome(Outcome(CONTROL, LEAKS, [verdict], {"posts": POSTS}), place)
    read = kept.read_outcome(place, size=CONTROL, leaks=LEAKS)
    (found,) = read.verdicts
    assert (read.size, read.leaks, read.facts) == (CONTROL, LEAKS, {"posts": POSTS})
    for name, value in vars(verdict).items():
        assert np.array_equal(getattr(found, name), value), name


def test_code_that_changed_does_not_find_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "ROOT", tmp_path)
    source = tmp_path / "src" / "site.py"
    source.parent.mkdir()
    source.write_text("LEAKY = False\n")
    places = [kept.place_of(tmp_path, CONTROL, leaks) for leaks in (LEAKS, LEAKS, frozenset())]
    source.write_text("LEAKY = True\n")
    places.append(kept.place_of(tmp_path, CONTROL, LEAKS))
    assert places[0] == places[1]
    assert len(set(places)) == 3
