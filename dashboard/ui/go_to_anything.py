"""The box that goes to anything, with the pages and actions of who looks, and where it leads."""

from __future__ import annotations

from core.access.principals import Principal
from dashboard.ui import navigation, viewer
from dashboard.ui.kit import palette


def box(person: Principal) -> None:
    """Draw it."""
    pages = [
        (one.title, one.icon, one.name)
        for one in navigation.screens()
        if not one.hidden and person.may(one.right)
    ]
    actions = [
        (one.title, one.icon, one.address)
        for one in navigation.shortcuts()
        if person.may(one.right)
    ]
    palette.draw(pages, actions, livemode=viewer.livemode())


def open_chosen(person: Principal) -> None:
    """Go where it was told to, if this person may."""
    address = palette.chosen()
    if address is not None:
        navigation.open_address(person, address)
