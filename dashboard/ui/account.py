"""The foot of the sidebar: who is signed in, the way out, and a watch on the session's end."""

from __future__ import annotations

import streamlit as st

from core.access.principals import Principal
from dashboard import i18n
from dashboard.i18n import _
from dashboard.ui import viewer

_HTML = """\
<div class="who"><b class="name"></b><span class="roles detail"></span>
<span class="address detail"></span></div>
<a href="/account" target="_self"></a>
<form method="post" action="/logout"><button type="submit"></button></form>
"""

_CSS = """\
:host { font-family: var(--st-font); }
.who { display: flex; flex-direction: column; min-width: 0; line-height: 1.35; }
.name, .detail { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.name { font-weight: 600; font-size: 0.93rem; color: var(--st-text-color); }
.detail { font-size: 0.83rem; color: var(--st-text-color); opacity: 0.7; }
form { margin: 0.6rem 0 0; }
a { display: inline-block; margin-top: 0.3rem; font-size: 0.9rem; color: var(--st-link-color); }
button {
  font: inherit; font-size: 0.9rem; width: 100%; padding: 0.35rem 0.6rem; cursor: pointer;
  color: var(--st-text-color); background: transparent;
  border: 1px solid var(--st-border-color); border-radius: var(--st-button-radius, 0.43rem);
}
button:hover { border-color: var(--st-primary-color); color: var(--st-primary-color); }
button:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: 2px; }
"""

#: Names come from people: they are set as text, never as markup. A hidden tab asks nothing.
_JS = """\
const seen = new WeakMap();   // this function runs again on every change of data
export default function (component) {
  const root = component.parentElement, data = component.data;
  root.querySelector(".name").textContent = data.name;
  for (const part of ["roles", "address"]) {
    const line = root.querySelector("." + part);
    line.textContent = line.title = data[part];
  }
  root.querySelector("button").textContent = data.leave;
  root.querySelector("a").textContent = data.account;
  if (!seen.has(root)) seen.set(root, setInterval(async () => {
    if (document.hidden) return;
    try {
      const r = await fetch("/ui/session", {cache: "no-store"});
      if (r.status === 401) location.reload();
    } catch (e) { /* the server restarts: ask again */ }
  }, 5000));
  return () => { clearInterval(seen.get(root)); seen.delete(root); };
}
"""

_element = st.components.v2.component("tillwatch_account", html=_HTML, css=_CSS, js=_JS)


def box(person: Principal) -> None:
    """Name, address and roles of the viewer, and the button that signs out."""
    words = role_words()
    roles = _(", ").join(words.get(role, role) for role in sorted(person.roles))
    data = {
        "name": person.name or person.email,
        "roles": roles,
        "address": person.email,
        "leave": _("Sign out"),
        "account": _("Your account"),
    }
    _element(key="account", data=data)


def no_roles() -> None:
    """For somebody who may sign in, but may not open anything yet."""
    st.warning(_("You have no roles yet. Ask an administrator to give you one, then reload."))


def choose_language(person: Principal) -> None:
    """Begin a session in the language that the person kept; the browser's where there is none."""
    if person.language and "language" not in st.session_state:
        st.session_state["language"] = person.language


def keep_language(person: Principal) -> None:
    """Remember the choice for the person's next session."""
    chosen = st.session_state.get("language")
    before = person.language or i18n.match(st.context.locale)
    if chosen in i18n.LANGUAGES and chosen != before:
        viewer.current_console().set_language(person.user_id, chosen)


def role_words() -> dict[str, str]:
    """What each role is called."""
    return {
        "viewer": _("Viewer"),
        "support": _("Support"),
        "support_lead": _("Support lead"),
        "finance": _("Finance"),
        "risk": _("Risk"),
        "developer": _("Developer"),
        "admin": _("Administrator"),
    }
