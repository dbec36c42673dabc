"""What the sign-in page looks like; no script, nothing from another address, and the files that
pages of its look need."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from string import Template
from urllib.parse import quote

import streamlit
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from core.access.demo import PASSWORD
from dashboard import i18n
from dashboard.i18n import _
from dashboard.ui.account import role_words

ASSETS = Path(__file__).parent.parent / "assets"
_BUNDLE = Path(streamlit.__file__).parent / "static" / "static" / "media"


def _files() -> dict[str, Path]:
    found = {name: ASSETS / name for name in ("logo.svg", "icon.png", "login.css", "passkey.js")}
    # The font of the console itself, under a name that does not change with Streamlit's version.
    for font in _BUNDLE.glob("SourceSansVF-Upright*.woff2"):
        found["font.woff2"] = font
    return found


_FILES = _files()
#: What asks a browser for a passkey.
PASSKEY_SCRIPT = "/brand/passkey.js"
#: The addresses of these files, open to anyone.
PATHS = frozenset(f"/brand/{name}" for name in _FILES)


async def asset(request: Request) -> Response:
    """One of the few files that the page needs."""
    path = _FILES.get(request.path_params["name"])
    if path is None:
        return Response(status_code=404)
    return FileResponse(path, headers={"Cache-Control": "public, max-age=3600"})


def render(
    *,
    people: Sequence[tuple[str, str, str]],
    form: str,
    onward: str,
    email: str,
    said: tuple[str, str] | None,
    provider: tuple[str, str] | None = None,
) -> str:
    """The page in the language spoken now.

    `people` are demo users (address, name, role) to offer, `form` the value that proves that the
    form is ours, `onward` the path to go to, `said` a message and its kind (`error` or `calm`),
    `provider` the path to the company's own sign-in and its name.
    """
    fields = hidden(form, onward)
    return template("login.html").substitute(
        lang=i18n.language(),
        title=_("Sign in"),
        intro=_("Payments, refunds, risk and revenue of your Stripe account."),
        said=notice_html(*said) if said else "",
        hidden=fields,
        email_label=_("E-mail"),
        password_label=_("Password"),
        email=escape(email, quote=True),
        email_focus="" if email else "autofocus",
        password_focus="autofocus" if email else "",
        button=_("Sign in"),
        provider=_provider(provider, onward) if provider else "",
        demo=_demo(people, fields) if people else "",
        languages=_languages(onward),
    )


def _demo(people: Sequence[tuple[str, str, str]], fields: str) -> str:
    one = template("login_demo.html")
    words = role_words()
    buttons = "".join(
        one.substitute(
            hidden=fields,
            email=escape(email, quote=True),
            password=escape(PASSWORD, quote=True),
            role=escape(words[role]),
        )
        for email, _name, role in people
    )
    lead = _("Demo accounts: one click signs you in. The password of all is {password}").format(
        password=f"<code>{escape(PASSWORD)}</code>"
    )
    title = escape(_("Demo accounts"), quote=True)
    return (
        f'<section class="demo" aria-label="{title}">'
        f'<p>{lead}</p><div class="people">{buttons}</div></section>'
    )


def _provider(provider: tuple[str, str], onward: str) -> str:
    path, name = provider
    label = escape(_("Continue with {name}").format(name=name))
    return f'<p class="provider"><a href="{path}?next={quote(onward, safe="")}">{label}</a></p>'


def _languages(onward: str) -> str:
    links = [
        f'<a href="/login?lang={code}&amp;next={quote(onward, safe="")}" lang="{code}"'
        f"{' aria-current=true' if code == i18n.language() else ''}>{name}</a>"
        for code, name in i18n.LANGUAGES.items()
    ]
    return "".join(links)


def notice_html(kind: str, text: str) -> str:
    """A message above a form: `error` or `calm`."""
    return f'<p class="said {kind}" role="alert">{escape(text)}</p>'


def hidden(form: str, onward: str) -> str:
    """The fields that a form of ours carries along."""
    return "".join(
        f'<input type="hidden" name="{name}" value="{escape(value, quote=True)}">'
        for name, value in (("form", form), ("next", onward), ("lang", i18n.language()))
    )


def template(name: str) -> Template:
    """A page of these, to be filled in."""
    return Template((ASSETS / name).read_text(encoding="utf-8"))
