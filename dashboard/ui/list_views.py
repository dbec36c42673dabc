"""A list as people keep it: its columns, and views under names, their own and shared ones.

The address holds what is seen: `q`, `sort`, and `columns` where a view has its own. Without any of
them the list opens with the person's default, and their own columns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from core.access.rights import ADMINISTER
from core.actions.lists import views as actions
from core.errors import InvalidInput, NotFound
from core.reads.lists import views as reads
from core.reads.lists.views import Kept, SavedView
from dashboard.i18n import N_, _
from dashboard.ui import address, viewer, widgets

_GONE = N_("This view is not there any more.")


@dataclass(frozen=True, slots=True)
class ListViews:
    """The views of one list. `page`: its name in `core.domain.lists`; `titles`: of the columns
    that may be chosen, in English, in their order; `in_files`: what each is in the list's file."""

    page: str
    titles: Mapping[str, str]
    in_files: Mapping[str, Sequence[str]]

    def begin(self) -> Kept:
        """What the viewer keeps of the list; its default is put into the address of who comes
        without one. Before the search line is drawn, which shows it."""
        kept = viewer.read(reads.kept, page=self.page, user_id=viewer.signed_in().user_id)
        # Widgets' values go when another page is opened: without the line's this one is new.
        is_new = "q" not in st.session_state
        if is_new and kept.default is not None and not address.values():
            _open(kept.default, is_new=True)
        return kept

    def kept_columns(self) -> tuple[str, ...]:
        """The columns to be seen of a list whose searches are not kept; none for its own."""
        kept = viewer.read(reads.kept, page=self.page, user_id=viewer.signed_in().user_id)
        return self.columns(kept)

    def columns(self, kept: Kept) -> tuple[str, ...]:
        """The columns to be seen, in their order; none for those that the list has by itself."""
        asked = address.get("columns")
        names = reads.written(asked) if asked else kept.columns
        return tuple(name for name in names if name in self.titles)

    def draw(self, kept: Kept) -> None:
        """The two choices, each behind a button of its own."""
        self.draw_columns(self.columns(kept))
        label = (
            _("Saved views ({count})").format(count=len(kept.views))
            if kept.views
            else _("Saved views")
        )
        with st.popover(label, icon=":material/bookmarks:", key="views_open"):
            self._view_choice(kept)

    def draw_columns(self, chosen: Sequence[str]) -> None:
        """The choice of columns, behind its button."""
        with st.popover(_("Columns"), icon=":material/view_column:", key="columns_open"):
            self._column_choice(chosen)

    def in_file(self, chosen: Sequence[str]) -> dict[str, str]:
        """What a file is asked for, so that it has the columns that are seen."""
        names = [name for column in chosen for name in self.in_files[column]]
        return {"columns": ",".join(names)} if names else {}

    def _column_choice(self, chosen: Sequence[str]) -> None:
        st.session_state["v_columns"] = list(chosen)
        st.multiselect(
            _("Columns, in their order"),
            list(self.titles),
            key="v_columns",
            format_func=lambda name: _(self.titles[name]),
            placeholder=_("All that fit"),
            on_change=self._keep_columns,
        )
        st.caption(_("Kept for you on this list. The file has these columns too."))

    def _view_choice(self, kept: Kept) -> None:
        for view in kept.views:
            self._view_row(view)
        if kept.views:
            self._default_choice(kept)
        st.text_input(_("Name of a new view"), key="v_name", max_chars=100)
        st.checkbox(_("Share it with everybody who sees this list"), key="v_shared")
        st.button(
            _("Save what is seen"),
            key="v_save",
            icon=":material/bookmark_add:",
            on_click=self._save,
            args=(self.columns(kept),),
        )

    def _view_row(self, view: SavedView) -> None:
        row = st.container(horizontal=True, vertical_alignment="center")
        said = widgets.safe_text(view.name if view.mine else f"{view.name} ({view.owner})")
        icon = ":material/group:" if view.shared else ":material/bookmark:"
        key = f"v_open_{view.id}"
        row.button(
            widgets.safe_text(said),
            key=key,
            icon=icon,
            type="tertiary",
            on_click=_open,
            args=(view,),
        )
        if view.mine or viewer.signed_in().may(ADMINISTER):
            row.button(
                _("Remove"),
                key=f"v_remove_{view.id}",
                icon=":material/delete:",
                type="tertiary",
                on_click=self._remove,
                args=(view.id,),
            )

    def _default_choice(self, kept: Kept) -> None:
        names = {view.id: view.name for view in kept.views}
        st.session_state["v_default"] = kept.default.id if kept.default else 0
        st.selectbox(
            _("The list opens with"),
            [0, *names],
            key="v_default",
            format_func=lambda number: names.get(number) or _("All of it"),
            on_change=self._keep_default,
        )

    def _keep_columns(self) -> None:
        chosen = [name for name in st.session_state["v_columns"] if name in self.titles]
        address.drop("columns")
        viewer.act(actions.keep_columns, page=self.page, columns=chosen)

    def _keep_default(self) -> None:
        try:
            chosen = st.session_state["v_default"] or None
            viewer.act(actions.keep_default, page=self.page, view_id=chosen)
        except NotFound:
            st.toast(_(_GONE), icon=":material/error:")

    def _save(self, columns: tuple[str, ...]) -> None:
        try:
            viewer.act(
                actions.save,
                page=self.page,
                name=st.session_state["v_name"],
                query=st.session_state.get("q") or "",
                sort=address.get("sort", ""),
                columns=columns,
                shared=st.session_state["v_shared"],
            )
        except InvalidInput as error:
            said = _("Not saved: {rule}").format(rule=widgets.safe_text(widgets.rule(error)))
            st.toast(said, icon=":material/error:")
        else:
            st.session_state["v_name"] = ""
            st.toast(_("The view is saved."), icon=":material/bookmark_added:")

    def _remove(self, view_id: int) -> None:
        try:
            viewer.act(actions.remove, page=self.page, view_id=view_id)
        except NotFound:
            st.toast(_(_GONE), icon=":material/error:")


def _open(view: SavedView, *, is_new: bool = False) -> None:
    """Put what a view has into the address and the search line; `is_new` is one not drawn yet."""
    widgets.first_page()
    address.put_bound("q", view.query, is_new=is_new)
    for name, value in (("sort", view.sort), ("columns", ",".join(view.columns))):
        if value:
            address.put(name, value)
        else:
            address.drop(name)
