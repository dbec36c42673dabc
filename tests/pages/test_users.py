"""Users: who may do what, changed where it is seen; a password is shown once."""

import pytest

from core.access import passwords, tokens
from core.access.sign_in import Visitor, sign_in
from core.db.engine import reading, writing
from core.reads.admin import users as reads
from dashboard.ui import said_once
from tests.support.fixtures_access import audited, email_of, person, session_of
from tests.support.kit_parts import tables


@pytest.fixture
def admin(console):
    return person(console, "admin", email="ada@shop.example")


@pytest.fixture
def users(admin, screen_as):
    """The screen: `users(user=…)`."""

    def run(**query):
        test = screen_as(admin, "users", **query)
        assert not test.exception
        return test

    return run


def detail(console, user_id):
    from core import clock

    with reading(console.engine) as connection:
        return reads.by_id(connection, user_id=user_id, now=clock.now())


def said(test):
    return [element.value for kind in (test.success, test.error) for element in kind]


def plain(texts):
    return " ".join(texts).replace("\\", "").replace("\N{WORD JOINER}", "")


def codes(test):
    return [element.value for element in test.code]


def test_everybody_stands_there_with_roles_and_state(console, users):
    person(console, "finance", "viewer", email="zoe@shop.example")
    rows = tables(users())[0].value
    assert list(rows["person"]) == ["ada@shop.example", "zoe@shop.example"]
    assert list(rows["roles"][1]) == ["Viewer", "Finance"]
    assert list(rows["state"][0]) == ["Active"]


def test_a_new_user_gets_a_password_that_is_shown_once_and_opens(console, users, monkeypatch):
    monkeypatch.setattr(said_once, "STAYS", 0.0)
    test = users()
    test.button(key="new_user_open").click().run()
    assert test.query_params["user"] == "new"
    test.text_input(key="new_email").input("Bob@Shop.example")
    test.get_by_key("new_roles").set_value(["support"])
    next(b for b in test.button if b.label == "Create user").click().run()
    assert said(test) == ["The account is made\\."]
    (password,) = codes(test)
    sign_in(
        console.engine,
        email="bob@shop.example",
        password=password,
        visitor=Visitor("192.0.2.1"),
        production=False,
    )
    test.run()
    assert codes(test) == []
    assert test.text_input(key="new_email").value == ""


@pytest.mark.parametrize(
    ("email", "password", "told"),
    [
        ("nobody", "", "E-mail: is not an e-mail address"),
        ("ada@shop.example", "", "E-mail: is taken by another user"),
        ("bob@shop.example", "short", "Password: has 12 to 256 characters"),
    ],
)
def test_a_bad_account_says_why_and_keeps_what_was_typed(console, users, email, password, told):
    test = users(user="new")
    test.text_input(key="new_email").input(email)
    test.text_input(key="new_user_password").input(password)
    next(b for b in test.button if b.label == "Create user").click().run()
    assert told in plain(said(test))
    assert test.text_input(key="new_email").value == email
    assert audited(console, "user.create")[-1].actor == "test"


def test_roles_are_changed_in_the_drawer(console, users):
    bob = person(console, "support")
    test = users(user=bob)
    assert test.button(key="save_roles").disabled
    test.get_by_key(f"roles_{bob}").set_value(["support", "risk"]).run()
    test.button(key="save_roles").click().run()
    assert detail(console, bob).person.roles == {"support", "risk"}
    assert test.button(key="save_roles").disabled


def test_somebody_is_shut_out_and_let_in_again(console, users):
    bob = person(console, "support")
    session_of(console, bob)
    test = users(user=bob)
    test.button(key="disable").click().run()
    assert detail(console, bob).person.disabled
    assert detail(console, bob).sessions == ()
    test.button(key="enable").click().run()
    assert not detail(console, bob).person.disabled


def test_a_password_is_set_anew_and_shown_once(console, users, monkeypatch):
    monkeypatch.setattr(said_once, "STAYS", 0.0)
    bob = person(console, "support")
    test = users(user=bob)
    next(b for b in test.button if b.label == "Set password").click().run()
    password = codes(test)[0]
    assert len(password) >= passwords.SHORTEST
    test.run()
    assert password not in codes(test)
    email = email_of(console, bob)
    sign_in(
        console.engine,
        email=email,
        password=password,
        visitor=Visitor("192.0.2.1"),
        production=False,
    )


def test_ones_own_account_stays_open_and_administers(console, admin, users):
    test = users(user=admin)
    assert test.button(key="disable").disabled
    test.get_by_key(f"roles_{admin}").set_value(["finance"]).run()
    test.button(key="save_roles").click().run()
    assert "Ask another administrator" in plain(said(test))
    assert detail(console, admin).person.roles == {"admin"}
    next(b for b in test.button if b.label == "Set password").click().run()
    assert "Type the new password" in plain(said(test))
    assert audited(console, "user.password") == []


def test_sessions_end_one_by_one_and_all_at_once(console, users):
    bob = person(console, "support")
    for _ in range(3):
        session_of(console, bob)
    test = users(user=bob)
    first = detail(console, bob).sessions[0].key
    test.button(key=f"end_{first[:16]}").click().run()
    assert first not in [one.key for one in detail(console, bob).sessions]
    assert len(detail(console, bob).sessions) == 2
    test.button(key="end_all").click().run()
    assert detail(console, bob).sessions == ()
    assert len(audited(console, "session.end") + audited(console, "session.end_all")) == 2


def test_a_token_is_revoked(console, users):
    bob = person(console, "support", email="bob@shop.example")
    with writing(console.engine) as connection:
        token_id, _ = tokens.create(
            connection, email="bob@shop.example", roles=["service"], actor="test", name="till"
        )
    test = users(user=bob)
    test.button(key=f"revoke_{token_id}").click().run()
    (token,) = detail(console, bob).tokens
    assert token.revoked_at is not None


def test_a_link_to_nobody_says_so(users):
    test = users(user="nobody")
    assert any("no such user" in badge.value for badge in test.markdown)
