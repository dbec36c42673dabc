"""Scenes for what was taken away: a UI process, somebody who may, and what must not be seen."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import select

from core.access.principals import Caller
from core.actions.refunds import ask as refunds
from core.bootstrap import Console
from core.db.engine import reading, writing
from core.db.tables import (
    api_tokens,
    audit_log,
    bulk_refunds,
    operations,
    refund_requests,
    user_roles,
)
from core.db.tables import users as people
from core.emulator.server import RunningEmulator
from core.states import RefundState
from tests.support.account_mirror import KEY
from tests.support.fixtures_access import person, session_of
from tests.support.fixtures_actions import make_context
from tests.support.refunds import paid, part
from tests.support.streamlit_tabs import Tab, opened
from tests.support.ui_servers import Ui, running_ui

#: What an action leaves: any change in these is an effect.
KEPT = (operations, refund_requests, bulk_refunds, people, user_roles, api_tokens)


@dataclass
class Scene:
    """Somebody signed in who may decide about a request and take refunds away; its note, and a
    user whom they may shut out, are what must not be seen."""

    ui: Ui
    emulator: RunningEmulator
    payment: str
    lead: str
    token: str
    request: str
    secrets: tuple[str, str]
    victim: str

    @property
    def review(self) -> str:
        """The key of the button that opens the request for a decision."""
        return f"review_{self.request}"

    def tab(self, resume: str = "") -> AbstractContextManager[Tab]:
        """A tab of theirs."""
        return opened(self.ui, self.token, resume=resume)

    def get(self, path: str) -> str:
        """What our own routes answer them."""
        answer = httpx.get(self.ui.base + path, headers={"Cookie": f"tillwatch={self.token}"})
        return answer.text

    def effects(self) -> Any:
        """All rows of `KEPT`, and Stripe's own count of refunds."""
        with reading(self.ui.console.engine) as connection:
            rows = [sorted(map(repr, connection.execute(select(table)))) for table in KEPT]
        return rows, self.emulator.control("GET", f"refunds?payment_intent={self.payment}")

    def log(self, after: int = 0) -> list[Any]:
        """The audit log from a row on."""
        with reading(self.ui.console.engine) as connection:
            asked = select(audit_log).where(audit_log.c.seq > after).order_by(audit_log.c.seq)
            return list(connection.execute(asked))


@contextmanager
def serving(
    emulator: RunningEmulator, folder: Path, bug: str | None = None, **more: str
) -> Iterator[Callable[[], Scene]]:
    """A UI process over the emulator, and a function that sets a new scene in it."""
    stripe = {"STRIPE_TEST_SECRET_KEY": KEY, "STRIPE_API_BASE": emulator.base_url}
    with running_ui(folder, bug, **stripe, **more) as ui:
        context = make_context(ui.console, emulator)
        payment = paid(context, 5_000_000)

        def scene() -> Scene:
            note, email = f"note {uuid.uuid4().hex}", f"{uuid.uuid4().hex}@seen.example"
            _empty_queue(ui.console)
            asker = Caller(person(ui.console, "support"))
            asked = refunds.ask(context, asker, part(payment, "150.00", note=note), livemode=False)
            assert asked.state == "awaiting_approval"
            lead = person(ui.console, "support_lead", "finance", "admin")
            made = Scene(
                ui=ui,
                emulator=emulator,
                payment=payment,
                lead=lead,
                token=session_of(ui.console, lead),
                request=asked.request_id,
                secrets=(note, email),
                victim=person(ui.console, "viewer", email=email),
            )
            # They have been in before: what a process remembers of that is of no use either.
            made.get("/ui/session")
            return made

        yield scene


def _empty_queue(console: Console) -> None:
    """It shows only the first ten, and this test's is the last."""
    waits = refund_requests.c.state == RefundState.AWAITING_APPROVAL
    with writing(console.engine) as connection:
        connection.execute(refund_requests.update().where(waits).values(state=RefundState.EXPIRED))
