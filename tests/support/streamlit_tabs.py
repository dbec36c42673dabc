"""A browser's tab without a screen: runs pages, presses what was drawn, keeps what it was told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.util import calc_hash
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection

from tests.support.ui_servers import Ui, tab


class Tab:
    """What one socket was sent: its Streamlit session, its buttons and their fragments."""

    def __init__(self, line: ClientConnection | None) -> None:
        self._line = line
        self._query, self._page = "", ""
        self.session = ""
        self.buttons: dict[str, str] = {}
        self.fragments: dict[str, str] = {}

    def open(self, page: str, query: str = "", *, by_hash: bool = False) -> str:
        """Go to a page, by its name or by its hash; all that was said."""
        self._query, self._page = query, calc_hash(page) if by_hash else ""
        said = self._run(page_name="" if by_hash else page)
        self._page = calc_hash(page)
        return said

    def press(self, key: str, *, in_fragment: bool = False) -> str:
        """Press a button that was drawn; all that was said."""
        fragment = self.fragments[key] if in_fragment else ""
        return self._run([self.buttons[key]], fragment_id=fragment)

    def redraw(self, key: str) -> str:
        """Have the fragment run that a button stands in, as a timer does."""
        return self._run(fragment_id=self.fragments[key], is_auto_rerun=True)

    def forge(self, widget: str, page: str, query: str = "") -> str:
        """Claim that a page's button was pressed, whether it was drawn here or not."""
        self._query, self._page = query, calc_hash(page)
        return self._run([widget])

    def _run(self, pressed: Iterable[str] = (), **state: str | bool) -> str:
        if self._line is None:
            return ""
        message = BackMsg()
        message.rerun_script.query_string = self._query
        message.rerun_script.page_script_hash = self._page
        for name, value in state.items():
            setattr(message.rerun_script, name, value)
        for widget in pressed:
            message.rerun_script.widget_states.widgets.add(id=widget, trigger_value=True)
        said: list[str] = []
        with suppress(ConnectionClosed):
            self._line.send(message.SerializeToString())
            while not self._last(said):
                pass
        return "\n".join(said)

    def _last(self, said: list[str]) -> bool:
        """Take one message; whether it ends the run, and not because another follows at once."""
        assert self._line is not None
        message = ForwardMsg.FromString(self._line.recv(timeout=20))  # type: ignore[arg-type]
        said.append(str(message))
        kind = message.WhichOneof("type")
        if kind == "new_session":
            self.session = message.new_session.initialize.session_id
        if kind == "delta" and message.delta.new_element.WhichOneof("type") == "button":
            # A button's id ends with the key that the page gave it.
            found = message.delta.new_element.button.id
            key = found.split("-", 2)[2]
            self.buttons[key] = found
            self.fragments[key] = message.delta.fragment_id
        return kind == "script_finished" and (
            message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN
        )


@contextmanager
def opened(ui: Ui, token: str, *, resume: str = "") -> Iterator[Tab]:
    """A tab with a session's cookie; one that is told nothing where the door stays shut."""
    try:
        with tab(ui, token, resume=resume) as line:
            yield Tab(line)
    except InvalidStatus as refused:
        if refused.response.status_code != 403:
            raise
        yield Tab(None)
