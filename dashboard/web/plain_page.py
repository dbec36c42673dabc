"""A page of a few forms before Streamlit, in the look of the sign-in; scripts: for passkeys."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from dashboard import i18n
from dashboard.i18n import _
from dashboard.web import login_page
from dashboard.web.login import POLICY, SignInDesk


@dataclass(frozen=True)
class Field:
    """An input with its label: `more` are attributes of it, an empty value for a bare one."""

    name: str
    label: str
    more: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Form:
    """A form of the page: `quiet` is not what most people came for; `kept` goes along unseen, and
    `lead` stands above it.

    Where there is a `ceremony` the browser is asked for a passkey by these options (JSON), and its
    answer goes along; `makes` says that it makes a new one.
    """

    action: str
    button: str
    fields: Sequence[Field] = ()
    quiet: bool = False
    kept: Mapping[str, str] = field(default_factory=dict)
    lead: str = ""
    ceremony: str | None = None
    makes: bool = False


#: How a field for a code is filled in: by hand, or by the phone.
CODE = {"autocomplete": "one-time-code", "required": "", "maxlength": "64"}
PASSWORD = {
    "type": "password",
    "autocomplete": "current-password",
    "required": "",
    "maxlength": "256",
}


@contextmanager
def speaking(request: Request, language: str | None = None) -> Iterator[None]:
    """The language that a page is in: the one asked for, the person's, or the browser's."""
    asked = request.query_params.get("lang") or language or request.headers.get("accept-language")
    with i18n.speaking(i18n.match(asked)):
        yield


def answer(
    desk: SignInDesk,
    request: Request,
    *,
    title: str,
    intro: str,
    forms: Sequence[Form],
    onward: str,
    said: tuple[str, str] | None = None,
    between: str = "",
    back: str = "",
    status: int = 200,
) -> Response:
    """The page: `between` is markup of ours before the forms, `back` the label of a way on."""
    secret = request.cookies.get(desk.form_cookie) or secrets.token_urlsafe(32)
    scripted = any(one.ceremony is not None for one in forms)
    html = login_page.template("plain.html").substitute(
        lang=i18n.language(),
        title=escape(title),
        intro=escape(intro),
        said=login_page.notice_html(*said) if said else "",
        between=between,
        forms="".join(
            _form(one, login_page.hidden(secret, onward), at) for at, one in enumerate(forms)
        ),
        back=f'<p class="back"><a href="{escape(onward, quote=True)}">{escape(back)}</a></p>'
        if back
        else "",
        script=f'<script src="{login_page.PASSKEY_SCRIPT}" defer></script>' if scripted else "",
        leave=escape(_("Sign out")) if request.state.session else escape(_("Back to sign-in")),
    )
    policy = f"{POLICY}; script-src {_script_of(desk)}" if scripted else POLICY
    headers = {"Content-Security-Policy": policy, "Cache-Control": "no-store"}
    found = HTMLResponse(html, status, headers=headers)
    desk.set_cookie(found, desk.form_cookie, secret, None)
    return found


def _form(form: Form, hidden: str, at: int) -> str:
    """A form of the page, the first being `at` 0: the cursor stands in its first field, so that no
    password is typed where all can read it. Forms may ask for the same: ids differ."""
    ids = [f"{one.name}-{at}" for one in form.fields]
    fields = "".join(
        f'<label for="{name}">{escape(one.label)}</label>'
        + _input(
            one.name,
            one.more.get("type", "text"),
            {"id": name, **one.more} | ({"autofocus": ""} if name == ids[0] and not at else {}),
        )
        for name, one in zip(ids, form.fields, strict=True)
    )
    kind = "quiet" if form.quiet else "sign-in"
    lead = f"<p>{escape(form.lead)}</p>" if form.lead else ""
    asks, closed, gave_up = "", "", ""
    if form.ceremony is not None:
        asks = f' data-passkey="{"create" if form.makes else "get"}"'
        asks += f' data-options="{escape(form.ceremony, quote=True)}"'
        # The script opens it, in a browser that knows passkeys.
        closed = " disabled"
        said = escape(_("The passkey was not used. Try again, or another way."))
        gave_up = f'<p class="said error gave-up" role="alert" hidden>{said}</p>'
        hidden += '<input type="hidden" name="answer" value="">'
    hidden += "".join(
        f'<input type="hidden" name="{name}" value="{escape(value, quote=True)}">'
        for name, value in form.kept.items()
    )
    return (
        f'<form method="post" action="{escape(form.action, quote=True)}" class="{kind}"{asks}>'
        f"{hidden}{lead}{fields}{gave_up}"
        f'<button type="submit"{closed}>{escape(form.button)}</button></form>'
    )


def _script_of(desk: SignInDesk) -> str:
    """The one address that a script may come from: passkeys work at the configured one alone."""
    return f"{desk.resolver.console.settings.screens_base}{login_page.PASSKEY_SCRIPT}"


def _input(name: str, kind: str, more: Mapping[str, str]) -> str:
    rest = {key: value for key, value in more.items() if key != "type"}
    marks = "".join(
        f' {key}="{escape(value, quote=True)}"' if value else f" {key}"
        for key, value in rest.items()
    )
    return f'<input name="{name}" type="{kind}"{marks}>'
