"""The behaviour of a test method is kept as text, in the words that older files have."""

import pytest

from core.emulator.resources import behaviours, cards, payment_methods
from core.emulator.resources.behaviours import Behaviour, Kind


@pytest.mark.parametrize(
    ("text", "behaviour"),
    [
        ("succeed", Behaviour()),
        ("decline:card_declined:lost_card", behaviours.decline("card_declined", "lost_card")),
        ("decline:expired_card:", behaviours.decline("expired_card")),
        ("dispute:inquiry", Behaviour(Kind.DISPUTE, "inquiry")),
        ("processing_fail", Behaviour(Kind.PROCESSING_FAIL)),
        ("processing_fail:no_account", Behaviour(Kind.PROCESSING_FAIL, "no_account")),
        ("three_d_secure_set_up", Behaviour(Kind.THREE_D_SECURE_SET_UP)),
    ],
)
def test_text_of_an_older_file_is_read_and_written_alike(text: str, behaviour: Behaviour) -> None:
    assert behaviours.read(text) == behaviour
    assert behaviour.stored() == text


def test_every_test_method_is_read_as_it_was_kept() -> None:
    known = [card.behaviour for card in cards.BY_NUMBER.values()]
    known += payment_methods.OTHERS.values()
    assert {one.kind for one in known} > {Kind.SUCCEED, Kind.DECLINE, Kind.DISPUTE, Kind.REDIRECT}
    assert [behaviours.read(one.stored()) for one in known] == known


def test_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="explode"):
        behaviours.read("explode:at_once")


def test_object_that_keeps_nothing_simply_pays() -> None:
    assert behaviours.remembered({"id": "ch_1"}) == Behaviour(Kind.SUCCEED)
    assert behaviours.remembered({"id": "ch_1", "_": {"does": None}}) == Behaviour(Kind.SUCCEED)
