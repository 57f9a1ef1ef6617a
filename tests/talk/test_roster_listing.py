"""What devices are told of the rosters: the signed index and each epoch's place in the log are two answers,
and must be of one moment, or a member is told that the list was shown to nobody else.
"""

import shutil
from dataclasses import replace

from pytest_django import Settings
from tests.factories.cast import HARBOUR, PublishedRoster
from tests.talk.conftest import Talk

from openmai.anonymity.rosters import open_index
from openmai.talk import log_files
from openmai.talk.epoch import EPOCH


def named(talk: Talk) -> int:
    """The epoch of the harbour's roster by the index."""
    index = open_index(talk.get("/rosters/index.json").content, key=None, domain=None)
    return next(each.epoch for each in index.rosters if each.roster == HARBOUR)


def placed(talk: Talk) -> int:
    """Its epoch by the list of places."""
    listed = talk.get("/api/v1/rosters").json()["rosters"]
    return next(int(each["epoch"]) for each in listed if each["roster"] == HARBOUR)


def show(talk: Talk) -> None:
    """Write the log's files, as a commit does."""
    log_files.publish(talk.rules.log_dir, quorum=talk.rules.quorum)


def second(talk: Talk) -> PublishedRoster:
    return talk.cast.publish(HARBOUR, others=30, epoch=2)


def test_the_index_and_the_places_are_of_one_moment(talk: Talk):
    show(talk)
    assert placed(talk) == 1
    talk.take_over(second(talk), serial=2)
    show(talk)
    assert (named(talk), placed(talk)) == (1, 1), "one of them was asked for before the worker came"
    talk.tick()
    assert (named(talk), placed(talk)) == (2, 2)


def test_the_same_holds_when_the_index_is_asked_for_first(talk: Talk):
    show(talk)
    assert named(talk) == 1
    talk.take_over(second(talk), serial=2)
    show(talk)
    assert (placed(talk), named(talk)) == (1, 1)


def test_an_epoch_is_not_offered_before_the_shown_log_reaches_it(talk: Talk):
    """As while a witness is slow: nobody could find the epoch in the log."""
    show(talk)
    assert (named(talk), placed(talk)) == (1, 1)
    talk.take_over(second(talk), serial=2)
    talk.tick()
    assert (named(talk), placed(talk)) == (1, 1)
    show(talk)
    assert (named(talk), placed(talk)) == (1, 1), "it is offered with a tick, as all that changes"
    talk.tick()
    assert (named(talk), placed(talk)) == (2, 2)


def test_a_lost_folder_holds_nothing_back(talk: Talk):
    """The checkpoint is made from the database then, and covers all."""
    show(talk)
    assert placed(talk) == 1
    talk.take_over(second(talk), serial=2)
    shutil.rmtree(talk.rules.log_dir)
    talk.tick()
    assert (named(talk), placed(talk)) == (2, 2)


def test_what_a_site_tells_after_a_restart_never_grows_older(talk: Talk):
    show(talk)
    talk.take_over(second(talk), serial=2)
    EPOCH.clear()
    assert (named(talk), placed(talk)) == (2, 2)


def test_whether_a_roster_is_open_is_of_the_same_moment(talk: Talk, settings: Settings):
    is_open = {each["roster"]: each["open"] for each in talk.get("/api/v1/rosters").json()["rosters"]}
    settings.OPENMAI_RULES = replace(talk.rules, floor=1_000_000)
    again = {each["roster"]: each["open"] for each in talk.get("/api/v1/rosters").json()["rosters"]}
    assert again == is_open
