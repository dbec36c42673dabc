"""Audit: who saw, asked, approved, sent and was refused what; and proof that nobody rewrote it."""

from __future__ import annotations

from functools import partial

from dashboard.i18n import _
from dashboard.screens.audit import drawer as audit_drawer
from dashboard.screens.audit import list as audit_list
from dashboard.screens.audit import verification as audit_verification
from dashboard.ui import drawer, viewer, widgets


def main() -> None:
    """Draw the screen."""
    viewer.require("administer")
    actions = widgets.header(_("Audit"), livemode=viewer.livemode())
    audit_verification.card()
    query = audit_list.LIST.bar.draw()
    with actions:
        audit_list.export(str(query))
    audit_list.LIST.draw(query)
    if row := drawer.asked("row"):
        drawer.draw(
            "row",
            _("Row {number}").format(number=widgets.safe_text(row)),
            partial(audit_drawer.body, row),
        )


main()
