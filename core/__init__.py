"""Everything that is true without a browser; imports no user interface."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.notebook import NotebookConsole
    from core.settings import Settings


def open_console(
    settings: Settings | None = None, *, livemode: bool | None = None
) -> NotebookConsole:
    """A read-only console for a notebook: `core.notebook.open_console`."""
    # Here, so that `import core` stays cheap for all who need no DataFrame.
    from core import notebook

    return notebook.open_console(settings, livemode=livemode)
