"""The second factor: an app's code after the password, once; recovery codes; who needs one."""

from __future__ import annotations

from datetime import timedelta

import pyotp
import pytest
from sqlalchemy import select

from core import clock
from core.access import passwords, second_factor, sessions
from core.access.sessions import Entry, Visitor
from core.access.sign_in import CodeNeeded, StepSpent, WrongCode, sign_in, sign_in_with_code
from core.db.engine import reading, writing
from core.db.tables import recovery_codes, second_factors
from core.encryption import Encrypter, new_key
from core.errors import InvalidInput, Misconfigured, TooManyAttempts
from tests.support.fixtures_access import PASSWORD, audited, password_hash, person

NOW = clock.from_unix(1_795_000_010)
EMAIL = "a@shop.example"
KEYS = Encrypter(new_key())
HERE = Visitor("192.0.2.1", "test")


@pytest.fixture(autouse=True)
def quick_hashing(monkeypatch):
    monkeypatch.setattr(
        passwords, "verify", lambda kept, given: kept == password_hash() and given == PASSWORD
    )


@pytest.fixture
def owner(console):
    return person(console, "finance", email=EMAIL)


def change(console, work, *args, **named):
    with writing(console.engine) as connection:
        return work(connection, *args, **named)


@pytest.fixture
def secret(console, owner):
    """In force since five minutes ago."""
    before = NOW - timedelta(minutes=5)
    made = change(console, second_factor.begin, owner, KEYS, before)
    change(console, second_factor.confirm, owner, code(made, before), KEYS, before)
    return made


def code(secret, at=NOW):
    return pyotp.TOTP(secret).at(int(at.timestamp()))


def password_step(console, at=NOW, visitor=HERE):
    found = sign_in(
        console.engine,
        email=EMAIL,
        password=PASSWORD,
        visitor=visitor,
        production=False,
        now=at,
    )
    assert isinstance(found, CodeNeeded)
    return found.step


def enter(console, step, typed, at=NOW, encrypter=KEYS):
    return sign_in_with_code(
        console.engine,
        step=step,
        code=typed,
        visitor=HERE,
        encrypter=encrypter,
        production=False,
        now=at,
    )


def test_the_password_alone_opens_nothing_and_the_code_does(console, owner, secret):
    step = password_step(console)
    assert audited(console, "sign_in") == []
    entry = enter(console, step, code(secret))
    found = sessions.enter(console.engine, entry.session, now=NOW, production=False, activity=False)
    assert found.user_id == owner
    assert [row.outcome for row in audited(console, "sign_in")] == ["ok"]


def test_a_code_is_taken_once_and_none_before_it_after(console, owner, secret):
    used = code(secret)
    enter(console, password_step(console), used)
    earlier = code(secret, NOW - timedelta(seconds=30))
    for typed in (used, f" {used[:3]} {used[3:]}", earlier):
        with pytest.raises(WrongCode):
            enter(console, password_step(console), typed)
    later = NOW + timedelta(seconds=30)
    assert enter(console, password_step(console, later), code(secret, later), later)


@pytest.mark.parametrize(("off", "taken"), [(-60, False), (-30, True), (30, True), (60, False)])
def test_a_phones_clock_may_be_one_step_off(console, owner, secret, off, taken):
    typed = code(secret, NOW + timedelta(seconds=off))
    if taken:
        assert enter(console, password_step(console), typed)
    else:
        with pytest.raises(WrongCode):
            enter(console, password_step(console), typed)


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "0" * 5000, "\x00"])
def test_what_no_code_is_is_wrong(console, owner, secret, typed):
    with pytest.raises(WrongCode):
        enter(console, password_step(console), typed)


def test_a_step_is_good_once_for_its_person_and_for_minutes(console, owner, secret):
    step = password_step(console)
    for wrong in ("", "x" * 43, "x" * 5000):
        with pytest.raises(StepSpent):
            enter(console, wrong, code(secret))
    enter(console, step, code(secret))
    later = NOW + timedelta(seconds=30)
    with pytest.raises(StepSpent):
        enter(console, step, code(secret, later), later)
    old, late = password_step(console, later), later + timedelta(minutes=5)
    with pytest.raises(StepSpent):
        enter(console, old, code(secret, late), late)


def test_a_step_ends_with_the_password_and_the_account(console, owner, secret):
    from core.access import users

    first = password_step(console)
    change(console, users.set_password, EMAIL, password_hash() + "x", actor="test")
    with pytest.raises(StepSpent):
        enter(console, first, code(secret))
    change(console, users.set_password, EMAIL, password_hash(), actor="test")
    second = password_step(console)
    change(console, users.set_disabled, EMAIL, True, actor="test", production=False)
    with pytest.raises(StepSpent):
        enter(console, second, code(secret))


def test_ten_wrong_codes_are_the_most_and_the_password_is_not_locked_by_them(
    console, owner, secret
):
    step = password_step(console)
    for _ in range(10):
        with pytest.raises(WrongCode):
            enter(console, step, "000000")
    with pytest.raises(TooManyAttempts):
        enter(console, step, code(secret))
    rows = audited(console, "sign_in.code")
    assert [row.outcome for row in rows] == ["refused"] * 10 + ["throttled"]
    assert {row.actor for row in rows} == {owner}
    late = NOW + timedelta(minutes=16)
    assert enter(console, password_step(console, late), code(secret, late), late)


def test_a_recovery_code_is_used_once_as_it_is_written_down(console, owner):
    secret = change(console, second_factor.begin, owner, KEYS, NOW)
    first, second, *rest = change(console, second_factor.confirm, owner, code(secret), KEYS, NOW)
    assert len(rest) == 8
    spoken = first.upper().replace("-", " ").replace("0", "O").replace("1", "l")
    assert isinstance(enter(console, password_step(console), spoken), Entry)
    with pytest.raises(WrongCode):
        enter(console, password_step(console), first)
    with reading(console.engine) as connection:
        assert second_factor.codes_left(connection, owner) == 9
        kept = connection.scalars(select(recovery_codes.c.code_hash)).all()
    assert second not in kept
    fresh = change(console, second_factor.renew_codes, owner, NOW)
    with pytest.raises(WrongCode):
        enter(console, password_step(console), second)
    assert enter(console, password_step(console), fresh[0])


def test_a_secret_is_in_force_after_its_first_code_and_kept_encrypted(console, owner):
    secret = change(console, second_factor.begin, owner, KEYS, NOW)
    with pytest.raises(InvalidInput, match="wrong"):
        change(console, second_factor.confirm, owner, "000000", KEYS, NOW)
    entry = sign_in(
        console.engine, email=EMAIL, password=PASSWORD, visitor=HERE, production=False, now=NOW
    )
    assert isinstance(entry, Entry)
    with reading(console.engine) as connection:
        assert secret not in connection.scalar(select(second_factors.c.secret))
        assert second_factor.begun(connection, owner, KEYS) == secret
    change(console, second_factor.confirm, owner, code(secret), KEYS, NOW)
    with reading(console.engine) as connection:
        assert second_factor.begun(connection, owner, KEYS) is None
    with pytest.raises(InvalidInput, match="already"):
        change(console, second_factor.begin, owner, KEYS, NOW)
    with pytest.raises(InvalidInput, match="ENCRYPTION_KEY"):
        change(console, second_factor.begin, owner, Encrypter(), NOW)
    assert [row.target for row in audited(console, "second_factor.set")] == [owner]


def test_without_its_key_a_recovery_code_still_opens(console, owner):
    secret = change(console, second_factor.begin, owner, KEYS, NOW)
    codes = change(console, second_factor.confirm, owner, code(secret), KEYS, NOW)
    other, later = Encrypter(new_key()), NOW + timedelta(seconds=60)
    with pytest.raises(Misconfigured):
        enter(console, password_step(console), code(secret, later), later, other)
    assert enter(console, password_step(console), codes[0], NOW, other)
    both = Encrypter(f"{other.keys},{KEYS.keys}")
    assert change(console, second_factor.rotate, both) == 1
    late = later + timedelta(seconds=60)
    assert enter(console, password_step(console, late), code(secret, late), late, other)


@pytest.mark.parametrize(
    ("roles", "held"), [([], False), (["admin"], False), (["admin", "finance"], True)]
)
def test_a_role_may_ask_for_one(console, owner, roles, held):
    entry = sign_in(
        console.engine, email=EMAIL, password=PASSWORD, visitor=HERE, production=False, now=NOW
    )

    def look():
        return sessions.enter(
            console.engine,
            entry.session,
            now=NOW,
            production=False,
            activity=False,
            factor_roles=roles,
        )

    assert look().must_enrol is held
    secret = change(console, second_factor.begin, owner, KEYS, NOW)
    assert look().must_enrol is held
    change(console, second_factor.confirm, owner, code(secret), KEYS, NOW)
    assert not look().must_enrol
