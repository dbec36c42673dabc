"""Actions that a click starts, and the one place that tells what came of them: words for success,
and a table of words for the errors that can be named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Concatenate, Generic, Literal, ParamSpec, TypeVar

import streamlit as st

from core.access.principals import Caller
from core.actions.context import ActionContext
from core.errors import InvalidInput, TillwatchError
from dashboard.i18n import _
from dashboard.ui import viewer, widgets
from dashboard.ui.said_once import SaidOnce

Kind = Literal["success", "info", "warning", "error"]
#: What an error says by itself, for a table that adds nothing to it.
REASON = "{reason}"

_ICONS = {
    "success": ":material/check_circle:",
    "info": ":material/info:",
    "warning": ":material/warning:",
    "error": ":material/error:",
}

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Message:
    """A sentence for the viewer, in their language; it may hold foreign text."""

    text: str
    kind: Kind = "error"

    def show(self) -> None:
        """Draw it here and now."""
        draw = {"success": st.success, "info": st.info, "warning": st.warning, "error": st.error}
        draw[self.kind](widgets.safe_text(self.text), icon=_ICONS[self.kind])


@dataclass(frozen=True, slots=True)
class ErrorText:
    """What is said of these errors, in English: `{reason}`, or of an `InvalidInput` `{field}` and
    `{rule}`, are filled in."""

    errors: type[TillwatchError] | tuple[type[TillwatchError], ...]
    text: str
    kind: Kind = "error"


def translated_message(error: TillwatchError) -> str:
    """What an error says of itself, in the viewer's language; Stripe's words stay as they are."""
    return _(error.message)


@dataclass(frozen=True, slots=True)
class ErrorTable:
    """The errors that a screen has words for; the first line that fits an error counts.

    `field`, `rule` and `reason` give a field's name, a broken rule and an error's own words.
    """

    texts: tuple[ErrorText, ...]
    field: Callable[[str], str] = str
    rule: Callable[[InvalidInput], str] = widgets.rule
    reason: Callable[[TillwatchError], str] = translated_message

    def message(self, error: TillwatchError) -> Message:
        """What is said of an error; one that is not in the table is raised."""
        for line in self.texts:
            if isinstance(error, line.errors):
                return Message(self._filled(line.text, error), line.kind)
        raise error

    def _filled(self, text: str, error: TillwatchError) -> str:
        if isinstance(error, InvalidInput) and "{rule}" in text:
            return _(text).format(field=self.field(error.field), rule=self.rule(error))
        return _(text).format(reason=self.reason(error))


@dataclass(frozen=True, slots=True)
class Outcome(Generic[T]):
    """What an action gave back; or the error that stopped it, with what is said of it."""

    value: T | None = None
    error: TillwatchError | None = None
    message: Message | None = None

    @property
    def done(self) -> bool:
        """Whether the action was carried out."""
        return self.error is None

    def show_error(self) -> None:
        """Say here and now why it was not done, if it was not."""
        if self.message is not None:
            self.message.show()


def perform(
    errors: ErrorTable,
    action: Callable[Concatenate[ActionContext, Caller, P], T],
    *args: P.args,
    **kwargs: P.kwargs,
) -> Outcome[T]:
    """Carry out an action for the viewer. An error that is not in the table is raised."""
    try:
        return Outcome(viewer.act(action, *args, **kwargs))
    except TillwatchError as error:
        return Outcome(error=error, message=errors.message(error))


@dataclass(frozen=True, slots=True)
class Flash:
    """The message of a screen's last action, said once, from its next run on.

    `key` is where the session holds it until then.
    """

    key: str
    errors: ErrorTable

    @property
    def _message(self) -> SaidOnce[Message]:
        return SaidOnce(self.key)

    def perform(
        self,
        done: str,
        action: Callable[Concatenate[ActionContext, Caller, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Outcome[T]:
        """Carry out an action for the viewer; the next run says `done`, or what stopped it."""
        outcome = perform(self.errors, action, *args, **kwargs)
        self._message.put(outcome.message or Message(done, "success"))
        return outcome

    def set(self, text: str, kind: Kind) -> None:
        """Say this in the next run, in the place of what would be said."""
        self._message.put(Message(text, kind))

    def drop(self) -> None:
        """Say it no more: it is true no longer."""
        self._message.drop()

    def show(self) -> None:
        """Say it, once."""
        message = self._message.take()
        if message is not None:
            message.show()
