"""Passwords: Argon2id, two at a time, the same work for anyone."""

from __future__ import annotations

import threading

import pytest

from core.access import passwords
from core.errors import InvalidInput
from tests.support.fixtures_access import PASSWORD, password_hash


class Counting:
    """A hasher that counts, and sees how many work at once."""

    def __init__(self, inner):
        self.inner, self.verified, self.now, self.most = inner, 0, 0, 0
        self.lock, self.two = threading.Lock(), threading.Event()

    def verify(self, kept, password):
        with self.lock:
            self.verified += 1
            self.now += 1
            self.most = max(self.most, self.now)
            if self.now >= 2:
                self.two.set()
        self.two.wait(0.2)
        try:
            return self.inner.verify(kept, password)
        finally:
            with self.lock:
                self.now -= 1


@pytest.fixture
def hasher(monkeypatch):
    passwords.verify(None, "warm: the hash for nobody is made once")
    counting = Counting(passwords._hasher)
    counting.two.set()
    monkeypatch.setattr(passwords, "_hasher", counting)
    return counting


def test_hash_is_argon2id_and_verifies():
    assert password_hash().startswith("$argon2id$")
    assert passwords.verify(password_hash(), PASSWORD)
    assert not passwords.verify(password_hash(), PASSWORD + " ")
    assert not passwords.is_dated(password_hash())


@pytest.mark.parametrize("password", ["", "elevenchars", "x" * 257])
def test_too_short_and_too_long_are_refused(password):
    with pytest.raises(InvalidInput, match="password"):
        passwords.hash_password(password)


@pytest.mark.parametrize("kept", [None, "not a hash", "$argon2id$v=19$broken"])
def test_nothing_verifies_without_a_hash(kept):
    for guess in ("", "nobody has this password", "not a hash"):
        assert not passwords.verify(kept, guess)


def test_unknown_and_known_users_cost_one_hashing_each(hasher):
    passwords.verify(None, "guess")
    assert hasher.verified == 1
    passwords.verify(password_hash(), "guess")
    assert hasher.verified == 2
    passwords.verify(password_hash(), "x" * 100_000)
    assert hasher.verified == 3


def test_two_hashings_at_most_run_at_once(hasher):
    hasher.two.clear()
    threads = [threading.Thread(target=passwords.verify, args=(None, "g")) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert (hasher.verified, hasher.most) == (6, 2)
