"""A screen sends a stale session to confirm who it is, and nothing is done before."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import quote

import pytest

from core import clock
from core.db.engine import writing
from core.db.tables import sessions
from core.risk.rules import DEFAULT
from tests.support.fixtures_access import audited, person
from tests.support.rule_screen import paste, put_in_force


@pytest.mark.parametrize(("minutes", "done"), [(9, True), (11, False)])
def test_rules_are_saved_by_who_proved_lately_who_they_are(console, screen_as, minutes, done):
    test = screen_as(person(console, "risk"), "fraud", tab="rules")
    with writing(console.engine) as connection:
        ago = clock.now() - timedelta(minutes=minutes)
        connection.execute(sessions.update().values(proved_at=ago))
    put_in_force(paste(test, DEFAULT | {"high_at": 80}))
    asked = [one.value for one in test.info if "confirm that it is you" in one.value]
    assert len(asked) == (0 if done else 1)
    assert [row.outcome for row in audited(console, "rules.change")] == (
        ["ok"] if done else ["refused"]
    )
    # Who is sent away finds what they wrote.
    test.run()
    assert test.text_input(key="rules_high_at").value == "80"
    assert test.text_input(key="rules_reason").value == ("" if done else "too strict")


@pytest.mark.parametrize(("minutes", "said"), [(1, 0), (6, 1)])
@pytest.mark.parametrize(
    ("role", "page", "tab"),
    [("risk", "fraud", "rules"), ("admin", "settings", "sign_in"), ("admin", "users", "")],
)
def test_who_will_be_asked_is_told_before_they_type(
    console, screen_as, minutes, said, role, page, tab
):
    test = screen_as(person(console, role), page, **({"tab": tab} if tab else {}))
    with writing(console.engine) as connection:
        ago = clock.now() - timedelta(minutes=minutes)
        connection.execute(sessions.update().values(proved_at=ago))
    test.run()
    onward = f"/{page}" + (f"?tab={tab}" if tab else "")
    link = f"](/confirm?next={quote(onward, safe='')})"
    assert len([one for one in test.info if link in one.value]) == said
