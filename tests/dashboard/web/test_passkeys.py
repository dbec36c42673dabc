"""Passkeys: added on a person's page, asked for at the sign-in and to confirm, and all refused."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from html import unescape

import pyotp
import pytest
from sqlalchemy import select

from core.access import passkeys, passwords, second_factor
from core.access.principals import Caller
from core.actions.admin import users as actions
from core.db.engine import reading, writing
from core.db.tables import passkeys as passkeys_table
from core.db.tables import users as users_table
from core.encryption import Encrypter, new_key
from core.reads.admin import users as reads
from core.settings import Settings
from tests.support.administrators import office_of
from tests.support.authenticators import Authenticator
from tests.support.fixtures_access import PASSWORD, audited, make_console, password_hash, person
from tests.support.sign_in_browser import EMAIL, Browser

KEY = new_key()
ORIGIN, RP = "http://localhost:8501", "localhost"
pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture(autouse=True)
def quick_hashing(monkeypatch):
    monkeypatch.setattr(
        passwords, "verify", lambda kept, given: kept == password_hash() and given == PASSWORD
    )


@pytest.fixture
def console(tmp_path):
    made = make_console(f"sqlite:///{tmp_path / 'tillwatch.db'}", encryption_key=KEY)
    yield made
    made.engine.dispose()


@pytest.fixture
def owner(console):
    return person(console, "finance", email=EMAIL)


@pytest.fixture
def key():
    return Authenticator(ORIGIN, RP)


def asked(page, action):
    """The hidden fields and the options of the form that goes to an action."""
    (form,) = re.findall(rf'<form method="post" action="{action}"[^>]*>.*?</form>', page.text)
    fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form))
    options = re.search(r'data-options="([^"]*)"', form)
    fields = {name: unescape(value) for name, value in fields.items()}
    return fields, unescape(options.group(1)) if options else None


async def add(browser, key, name="laptop", **change):
    page = await browser.http.get("/account")
    fields, options = asked(page, "/account/passkeys")
    data = fields | {"name": name, "answer": key.make(options)} | change
    return await browser.http.post("/account/passkeys", data=data)


@pytest.fixture
async def browser(console, owner, key):
    """Signed in, with a passkey; `codes` are its recovery codes."""
    found = Browser(console)
    await found.sign_in()
    page = await add(found, key)
    assert page.status_code == 200
    found.codes = re.findall(r"<li><code>([^<]+)</code>", page.text)
    return found


async def second_step(console, browser, key, *, email=EMAIL, seconds=60, options=None, **change):
    """Password and passkey in another browser, a minute later; its answer and the browser."""
    later = Browser(console)
    later.at = browser.at + timedelta(seconds=seconds)
    answer = await later.sign_in(email)
    assert answer.headers["location"] == "/login/code?next=%2F"
    page = await later.http.get("/login/code?next=%2Fpayments")
    fields, found = asked(page, "/login/code/passkey")
    data = fields | {"answer": key.answer(options or found)} | change
    return await later.http.post("/login/code/passkey", data=data), later


def whys(console, action):
    rows = [row for row in audited(console, action) if row.outcome == "refused"]
    return [json.loads(row.details)["why"] for row in rows]


def kept(console):
    with reading(console.engine) as connection:
        return connection.execute(select(passkeys_table)).all()


async def test_a_passkey_is_added_named_listed_and_asked_for(console, owner, browser, key):
    assert len(browser.codes) == 10
    (row,) = kept(console)
    assert (row.user_id, row.name, row.sign_count) == (owner, "laptop", 0)
    page = await browser.http.get("/account")
    assert "Passkey laptop, used: never used" in page.text
    assert EMAIL.encode() not in key.user_handle
    answer, later = await second_step(console, browser, key)
    assert (answer.status_code, answer.headers["location"]) == (303, "/payments")
    assert (await later.http.get("/payments")).json() == {"x-console-user": owner}
    (row,) = kept(console)
    assert (row.sign_count, row.last_used_at) == (1, later.at)
    assert [row.outcome for row in audited(console, passkeys.ADD)] == ["ok"]
    with reading(console.engine) as connection:
        (one,) = reads.people(connection, now=browser.at)
    assert one.second_factor


async def test_both_databases_keep_what_a_passkey_counts(access_url, key):
    console = make_console(access_url, encryption_key=KEY)
    person(console, "finance", email=EMAIL)
    browser, never = Browser(console), Authenticator(ORIGIN, RP)
    await browser.sign_in()
    for one, name in ((key, "counts"), (never, "never counts")):
        browser.at += timedelta(seconds=1)
        assert (await add(browser, one, name)).status_code in (200, 303)
    for _ in range(2):
        never.count = -1
        for one in (key, never):
            answer, _ = await second_step(console, browser, one)
            assert answer.status_code == 303
    again, _ = await second_step(console, browser, replace(key, count=1))
    assert again.status_code == 401
    assert {row.name: row.sign_count for row in kept(console)} == {"counts": 2, "never counts": 0}
    fields, _ = asked(await browser.http.get("/account"), "/account/second-factor/codes")
    assert (await browser.http.post("/account/second-factor/codes", data=fields)).status_code == 200
    console.engine.dispose()


async def test_scripts_come_from_one_address_and_none_stands_in_the_page(browser):
    page = await browser.http.get("/account")
    assert re.findall(r"<script[^>]*>", page.text) == ['<script src="/brand/passkey.js" defer>']
    assert " style=" not in page.text
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert policy.endswith(f"script-src {ORIGIN}/brand/passkey.js")
    stranger = Browser(browser.resolver.console)
    assert (await stranger.http.get("/brand/passkey.js")).status_code == 200


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        ({"origin": "http://localhost:8502"}, "Unexpected client data origin"),
        ({"origin": "https://localhost:8501"}, "Unexpected client data origin"),
        ({"rp_id": "evil.example"}, "Unexpected RP ID hash"),
        ({"count": -1}, "sign count"),
        ({"user_handle": b"somebody else"}, "made for somebody else"),
        ({"credential_id": b"x" * 32}, "none of theirs"),
        ({"key": Authenticator(ORIGIN, RP).key}, "Could not verify authentication signature"),
    ],
)
async def test_a_wrong_answer_lets_nobody_in(console, browser, key, spoil, why):
    if "count" in spoil:
        await second_step(console, browser, key)
    spoiled = replace(key, **spoil)
    answer, later = await second_step(console, browser, spoiled)
    assert answer.status_code == 401
    assert "This passkey was not accepted" in answer.text
    assert "tillwatch" not in later.http.cookies
    assert why in whys(console, "sign_in.passkey")[0]
    assert why not in answer.text
    right, _ = await second_step(console, browser, replace(key, count=10))
    assert right.status_code == 303


async def test_a_challenge_is_good_once_in_its_own_step_for_five_minutes(console, browser, key):
    later = Browser(console)
    await later.sign_in()
    fields, options = asked(await later.http.get("/login/code"), "/login/code/passkey")
    data = fields | {"answer": key.answer(options)}
    stolen, _ = await second_step(console, browser, key, answer=data["answer"], seconds=0)
    assert stolen.status_code == 401
    assert (await later.http.post("/login/code/passkey", data=data)).status_code == 401
    replayed, _ = await second_step(console, browser, key, answer=data["answer"])
    assert replayed.status_code == 401
    late = Browser(console)
    await late.sign_in()
    fields, options = asked(await late.http.get("/login/code"), "/login/code/passkey")
    late.at += timedelta(minutes=5)
    data = fields | {"answer": key.answer(options)}
    answer = await late.http.post("/login/code/passkey", data=data)
    assert (answer.status_code, "This took too long" in answer.text) == (401, True)
    assert whys(console, "sign_in.passkey") == [
        "the challenge was made for something else",
        *["the challenge was used, or is too old"] * 2,
    ]


async def test_another_persons_passkey_opens_no_account(console, browser, key):
    person(console, "finance", email="gil@shop.example")
    other, theirs = Browser(console), Authenticator(ORIGIN, RP)
    await other.sign_in("gil@shop.example")
    assert (await add(other, theirs)).status_code == 200
    for spoiled in (theirs, replace(theirs, user_handle=key.user_handle)):
        answer, _ = await second_step(console, browser, spoiled)
        assert answer.status_code == 401
    assert whys(console, "sign_in.passkey") == ["it is none of theirs"] * 2
    # Nor is one key kept for two people.
    assert (await add(other, key)).status_code == 401
    assert whys(console, passkeys.ADD) == ["it is kept already"]


@pytest.mark.parametrize(
    "made_up",
    [
        *("", "x", "[]", "{}", "null", '{"id": 1}', "\ud800", "[" * 2000, "x" * 7000),
        '{"id":"AA","rawId":"AA","type":"public-key","response":{"clientDataJSON":"é",'
        '"authenticatorData":"","signature":""}}',
        '{"id":"AA","rawId":"AA","type":"public-key","response":{"clientDataJSON":"W10",'
        '"authenticatorData":"","signature":""}}',
        '{"id":"AA","rawId":"AA","type":"public-key","response":{"clientDataJSON":'
        '"eyJ0eXBlIjoxLCJjaGFsbGVuZ2UiOjEsIm9yaWdpbiI6MX0","authenticatorData":"","signature":""}}',
    ],
)
async def test_what_is_no_answer_is_refused(console, browser, key, made_up):
    sent = made_up.encode("utf-8", "replace").decode()
    answer, _ = await second_step(console, browser, key, answer=sent)
    assert answer.status_code == 401
    if len(made_up) < 6000:
        assert (await add(browser, key, answer=sent)).status_code == 401


async def test_an_answer_that_is_cut_or_changed_anywhere_is_refused(console, browser, key):
    step = Browser(console)
    await step.sign_in()
    for at in range(9):
        page = await step.http.get("/login/code")
        fields, options = asked(page, "/login/code/passkey")
        found = json.loads(key.answer(options))
        name = ("authenticatorData", "signature", "clientDataJSON")[at % 3]
        text = found["response"][name]
        found["response"][name] = text[: len(text) * at // 9] + ("" if at % 2 else "AAAA")
        data = fields | {"answer": json.dumps(found)}
        assert (await step.http.post("/login/code/passkey", data=data)).status_code == 401
    fields, options = asked(await step.http.get("/login/code"), "/login/code/passkey")
    data = fields | {"answer": key.answer(options)}
    assert (await step.http.post("/login/code/passkey", data=data)).status_code == 303


async def test_wrong_answers_end_after_ten(console, browser, key):
    step = Browser(console)
    await step.sign_in()
    for _ in range(10):
        fields, _options = asked(await step.http.get("/login/code"), "/login/code/passkey")
        data = fields | {"answer": "{}"}
        assert (await step.http.post("/login/code/passkey", data=data)).status_code == 401
    fields, options = asked(await step.http.get("/login/code"), "/login/code/passkey")
    data = fields | {"answer": key.answer(options)}
    assert (await step.http.post("/login/code/passkey", data=data)).status_code == 429


async def test_recovery_codes_still_let_in_and_a_begun_app_does_not(console, owner, browser, key):
    with writing(console.engine) as connection:
        secret = second_factor.begin(connection, owner, Encrypter(KEY), browser.at)
    code = pyotp.TOTP(secret).at(int(browser.at.timestamp()))
    for typed, status in ((code, 401), (browser.codes[0], 303), (browser.codes[0], 401)):
        later = Browser(console)
        await later.sign_in()
        page = await later.http.get("/login/code")
        assert "Use your passkey, or type a recovery code." in page.text
        fields, _ = asked(page, "/login/code")
        answer = await later.http.post("/login/code", data=fields | {"code": typed})
        assert answer.status_code == status


async def confirmed(browser, key, password=PASSWORD):
    page = await browser.http.get("/confirm?next=%2Ffraud")
    fields, options = asked(page, "/confirm/passkey")
    data = fields | {"password": password, "answer": key.answer(options)}
    return await browser.http.post("/confirm/passkey", data=data), options


async def proved_at(browser):
    token = browser.http.cookies["tillwatch"]
    return (await browser.resolver.session(token, activity=False)).proved_at


async def test_a_passkey_beside_the_password_confirms_who_one_is(console, browser, key):
    browser.at += timedelta(minutes=11)
    wrong, _ = await confirmed(browser, key, "guess")
    assert wrong.status_code == 401
    assert await proved_at(browser) < browser.at
    foreign, _ = await confirmed(browser, replace(key, origin="https://evil.example"))
    assert foreign.status_code == 401
    answer, options = await confirmed(browser, replace(key, verifies=False, count=5))
    assert (answer.status_code, answer.headers["location"]) == (303, "/fraud")
    assert await proved_at(browser) == browser.at
    assert json.loads(options)["userVerification"] == "preferred"


async def test_a_passkey_that_stands_alone_has_to_ask_who_holds_it(console, browser, key):
    with writing(console.engine) as connection:
        connection.execute(users_table.update().values(password_hash=None))
    browser.at += timedelta(minutes=11)
    page = await browser.http.get("/confirm")
    assert 'name="password"' not in page.text
    unverified, options = await confirmed(browser, replace(key, verifies=False))
    assert unverified.status_code == 401
    assert json.loads(options)["userVerification"] == "required"
    assert "user was not verified" in whys(console, "step_up")[0]
    answer, _ = await confirmed(browser, replace(key, count=5))
    assert answer.status_code == 303
    other = Authenticator(ORIGIN, RP, verifies=False)
    assert (await add(browser, other)).status_code == 401
    assert "user was not verified" in whys(console, passkeys.ADD)[0]


async def test_a_challenge_to_confirm_makes_no_passkey_and_is_one_sessions(console, browser, key):
    page = await browser.http.get("/confirm")
    _, options = asked(page, "/confirm/passkey")
    fields, to_make = asked(await browser.http.get("/account"), "/account/passkeys")
    other = Authenticator(ORIGIN, RP)
    mixed = json.dumps(json.loads(to_make) | {"challenge": json.loads(options)["challenge"]})
    data = fields | {"name": "x", "answer": other.make(mixed)}
    assert (await browser.http.post("/account/passkeys", data=data)).status_code == 401
    elsewhere = Browser(console)
    await second_step(console, browser, key)
    _, options = asked(await browser.http.get("/confirm"), "/confirm/passkey")
    _, elsewhere = await second_step(console, browser, key)
    fields, _ = asked(await elsewhere.http.get("/confirm"), "/confirm/passkey")
    data = fields | {"password": PASSWORD, "answer": key.answer(options)}
    assert (await elsewhere.http.post("/confirm/passkey", data=data)).status_code == 401
    said = "the challenge was made for something else"
    assert (whys(console, passkeys.ADD), whys(console, "step_up")) == ([said], [said])


async def test_what_is_added_or_removed_asks_for_a_recent_proof(console, browser, key):
    page = await browser.http.get("/account")
    add_fields, options = asked(page, "/account/passkeys")
    gone, _ = asked(page, "/account/passkeys/remove")
    browser.at += timedelta(minutes=11)
    data = add_fields | {"name": "x", "answer": Authenticator(ORIGIN, RP).make(options)}
    for path, sent in (("", data), ("/remove", gone)):
        answer = await browser.http.post(f"/account/passkeys{path}", data=sent)
        assert answer.headers["location"] == "/confirm?next=/account"
    assert len(kept(console)) == 1
    fields, options = asked(await browser.http.get("/account"), "/account/passkeys")
    assert options is None
    answer = await browser.http.post("/account/passkeys", data=fields)
    assert answer.headers["location"] == "/confirm?next=/account"
    codes, _ = asked(await browser.http.get("/account"), "/account/second-factor/codes")
    answer = await browser.http.post("/account/second-factor/codes", data=codes)
    assert answer.headers["location"] == "/confirm?next=/account"


async def test_one_is_removed_and_with_the_last_one_its_codes_go(console, owner, browser, key):
    other = Authenticator(ORIGIN, RP)
    browser.at += timedelta(seconds=1)
    assert (await add(browser, other, "phone")).headers["location"] == "/account"
    codes, _ = asked(await browser.http.get("/account"), "/account/second-factor/codes")
    answer = await browser.http.post("/account/second-factor/codes", data=codes)
    fresh = re.findall(r"<li><code>([^<]+)</code>", answer.text)
    assert len(set(fresh) - set(browser.codes)) == 10
    page = await browser.http.get("/account")
    fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text))
    for name in ("none", *re.findall(r'name="passkey" value="([^"]*)"', page.text)):
        answer = await browser.http.post(
            "/account/passkeys/remove", data=fields | {"passkey": name}
        )
        assert answer.status_code == (404 if name == "none" else 303)
    assert kept(console) == []
    with reading(console.engine) as connection:
        assert second_factor.codes_left(connection, owner) == 0
    assert (await Browser(console).sign_in()).headers["location"] == "/"
    assert [json.loads(row.details)["name"] for row in audited(console, passkeys.REMOVE)] == [
        *("laptop", "phone")
    ]


@pytest.mark.parametrize(("name", "status"), [("", 422), (" \n", 422), ("x" * 101, 422)])
async def test_a_passkey_has_a_name(console, browser, name, status):
    answer = await add(browser, Authenticator(ORIGIN, RP), name)
    assert answer.status_code == status
    assert "Name of the passkey" in answer.text
    assert len(kept(console)) == 1


async def test_where_a_role_asks_the_last_factor_stays(tmp_path, key):
    url = f"sqlite:///{tmp_path / 'x.db'}"
    console = make_console(url, encryption_key=KEY, second_factor_roles="finance")
    owner = person(console, "finance", email=EMAIL)
    browser = Browser(console)
    await browser.sign_in()
    assert (await browser.http.get("/payments")).headers["location"].startswith("/account")
    assert (await add(browser, key)).status_code == 200
    assert (await browser.http.get("/payments")).json() == {"x-console-user": owner}
    fields, _ = asked(await browser.http.get("/account"), "/account/passkeys/remove")
    answer = await browser.http.post("/account/passkeys/remove", data=fields)
    assert answer.status_code == 422
    assert "it stays" in answer.text
    assert len(kept(console)) == 1
    with writing(console.engine) as connection:
        secret = second_factor.begin(connection, owner, Encrypter(KEY), browser.at)
        code = pyotp.TOTP(secret).at(int(browser.at.timestamp()))
        second_factor.confirm(connection, owner, code, Encrypter(KEY), browser.at)
    answer = await browser.http.post("/account/passkeys/remove", data=fields)
    assert answer.status_code == 303
    assert kept(console) == []
    # The app is the last one now, and a code of it is asked for as before.
    browser.at += timedelta(minutes=1)
    fields, _ = asked(await browser.http.get("/account"), "/account/second-factor/codes")
    typed = {"code": pyotp.TOTP(secret).at(int(browser.at.timestamp()))}
    refused = await browser.http.post("/account/second-factor/remove", data=fields | typed)
    assert refused.status_code == 422


async def test_an_administrator_takes_lost_ones_away(console, owner, browser):
    admin = Caller(person(console, "admin"))
    actions.reset_second_factor(office_of(console), admin, owner)
    assert kept(console) == []
    assert (await Browser(console).sign_in()).headers["location"] == "/"


async def test_pages_loaded_again_and_again_fill_no_table(console, owner, browser):
    from core.db.tables import one_time_tokens

    for _ in range(12):
        await browser.http.get("/account")
    with reading(console.engine) as connection:
        assert len(connection.execute(select(one_time_tokens)).all()) == 10


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("https://pay.example.com", ("pay.example.com", "https://pay.example.com")),
        ("https://Pay.Example.com:443/", ("pay.example.com", "https://pay.example.com")),
        ("https://pay.example.com:8443", ("pay.example.com", "https://pay.example.com:8443")),
        ("http://localhost:8501", ("localhost", "http://localhost:8501")),
        ("http://pay.example.com", None),
        ("https://192.0.2.1", None),
        ("https://[2001:db8::1]:8443", None),
        ("", ("localhost", "http://localhost:8501")),
    ],
)
def test_we_are_who_the_configured_address_says(address, found):
    ours = passkeys.party(Settings(_env_file=None, ui_origin=address))
    assert (ours and (ours.id, ours.origin)) == found


async def test_no_passkey_is_offered_at_another_address(tmp_path, owner, browser):
    page = await browser.http.get("/account", headers={"host": "127.0.0.1:8501"})
    assert page.status_code == 200
    assert "passkey.js" not in page.text
