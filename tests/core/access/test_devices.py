"""Guessing at an account locks strangers out of it, and no device that its owner signed in from."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core import clock
from core.access import devices, passwords, users
from core.access.sessions import Visitor
from core.access.sign_in import WrongPassword, sign_in
from core.db.engine import writing
from core.db.tables import known_devices
from core.errors import TooManyAttempts
from tests.support.fixtures_access import PASSWORD, audited, password_hash, person

NOW = clock.from_unix(1_795_000_000)
EMAIL = "a@shop.example"


@pytest.fixture(autouse=True)
def quick_hashing(monkeypatch):
    monkeypatch.setattr(
        passwords, "verify", lambda kept, given: kept is not None and given == PASSWORD
    )


@pytest.fixture
def owner(console):
    return person(console, "viewer", email=EMAIL)


def enter(console, *known, email=EMAIL, password=PASSWORD, at=NOW, ip="192.0.2.1"):
    return sign_in(
        console.engine,
        email=email,
        password=password,
        visitor=Visitor(ip, "test", known),
        production=False,
        now=at,
    )


def guess(console, *known, times=10, **more):
    for _ in range(times):
        with pytest.raises(WrongPassword):
            enter(console, *known, password="guess", **more)


def test_a_known_device_gets_in_while_strangers_are_locked_out(console, owner):
    known = enter(console).devices
    guess(console, ip="198.51.100.9")
    with pytest.raises(TooManyAttempts):
        enter(console)
    assert enter(console, *known).session


def test_a_known_device_gets_in_from_an_address_that_guessed_too_much(console, owner):
    known = enter(console).devices
    for number in range(100):
        guess(console, email=f"{number}@shop.example", times=1)
    with pytest.raises(TooManyAttempts):
        enter(console)
    assert enter(console, *known).session


def test_a_known_device_has_a_bound_of_its_own(console, owner):
    known = enter(console).devices
    guess(console, *known)
    with pytest.raises(TooManyAttempts):
        enter(console, *known)
    assert enter(console).session
    assert enter(console, *known, at=NOW + timedelta(minutes=15)).session
    assert [row.outcome for row in audited(console, "sign_in")].count("throttled") == 1


def test_a_device_is_known_for_its_own_person_alone(console, owner):
    person(console, "viewer", email="b@shop.example")
    theirs = enter(console, email="b@shop.example").devices
    guess(console)
    for tokens in (theirs, ["x" * 43], [""]):
        with pytest.raises(TooManyAttempts):
            enter(console, *tokens)


def test_a_device_is_forgotten_with_the_password_and_after_its_time(console, owner):
    known = enter(console).devices
    late = NOW + devices.LASTS
    guess(console, at=late)
    with pytest.raises(TooManyAttempts):
        enter(console, *known, at=late)
    known = enter(console).devices
    with writing(console.engine) as connection:
        users.set_password(connection, EMAIL, password_hash() + "x", actor="test")
    guess(console)
    with pytest.raises(TooManyAttempts):
        enter(console, *known)


def test_each_success_renews_the_token_and_people_share_a_browser(console, owner):
    person(console, "viewer", email="b@shop.example")
    first = enter(console).devices
    both = enter(console, *first, email="b@shop.example").devices
    assert both[1:] == first
    again = enter(console, *both).devices
    assert len(again) == 2
    assert first[0] not in again
    assert both[0] in again
    guess(console)
    with pytest.raises(TooManyAttempts):
        enter(console, *first)


def test_only_the_newest_devices_are_known_by_their_hash(console, owner):
    made = [
        enter(console, at=NOW + timedelta(minutes=number)).devices[0]
        for number in range(devices.MOST + 2)
    ]
    with writing(console.engine) as connection:
        kept = {row.token_hash for row in connection.execute(known_devices.select())}
    assert len(kept) == devices.MOST
    assert not kept & set(made)
    later = NOW + timedelta(minutes=30)
    guess(console, at=later)
    with pytest.raises(TooManyAttempts):
        enter(console, made[0], at=later)
    assert enter(console, made[-1], at=later).session
