"""Signing in and out: plain pages before Streamlit, so that no password ever enters it."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from functools import partial
from urllib.parse import parse_qs, quote

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from core.access import demo, oidc, passkeys
from core.access.devices import LASTS, MOST_IN_A_BROWSER
from core.access.passkeys import Party
from core.access.sessions import Entry, Session, Visitor
from core.access.sign_in import STEP_LASTS, CodeNeeded, WrongPassword, sign_in, sign_out
from core.domain.sign_ins import ABSOLUTE
from core.errors import TooManyAttempts
from core.known_hosts import name_of
from dashboard import i18n
from dashboard.i18n import _
from dashboard.web import login_page
from dashboard.web.session_lookup import SessionResolver

#: Where the second factor is asked for: a code, or a passkey.
CODE_PATH = "/login/code"
PASSKEY_PATH = f"{CODE_PATH}/passkey"
#: Where the company's own provider is left for.
OIDC_START = "/oidc/start"
_LARGEST_FORM = 8192
_MOST_FIELDS = 20
_LONGEST_DEVICES = 400
#: Of an address to go on to: it is kept while somebody is at the provider.
_LONGEST_ONWARD = 2000
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)


def routes(resolver: SessionResolver) -> list[BaseRoute]:
    """The sign-in page, what it looks like, and the way out."""
    context = SignInDesk(resolver)
    return [
        Route("/login", context.show, methods=["GET"]),
        Route("/login", context.enter, methods=["POST"]),
        Route("/logout", context.leave, methods=["POST"]),
        Route("/brand/{name}", login_page.asset, methods=["GET"]),
    ]


class SignInDesk:
    """The forms of people who come in: each carries a secret that its cookie carries too."""

    def __init__(self, resolver: SessionResolver) -> None:
        self.resolver = resolver
        # Hashing takes two at a time; the others wait here and hold no thread of the middleware's.
        self.threads = CapacityLimiter(4)
        self.form_cookie = f"{resolver.cookie}-form"
        self.device_cookie = f"{resolver.cookie}-device"
        self.step_cookie = f"{resolver.cookie}-step"

    async def show(self, request: Request) -> Response:
        """The empty form, or onward for somebody who is signed in."""
        if request.state.session is not None:
            return RedirectResponse(inside(request.query_params.get("next")), 303)
        left = "left" in request.query_params
        return self.page(
            request, request.query_params.get("next"), said=_signed_out if left else None
        )

    async def enter(self, request: Request) -> Response:
        """Check the form and the password; a session and its cookie, or the form again."""
        form = await read_form(request)
        if form is None:
            return HTMLResponse("too large", 413)
        onward = form.get("next")
        if not self.is_our_form(request, form):
            return self.page(request, onward, form.get("email", ""), stale_form, 403)
        try:
            found = await self._checked(request, form)
        except WrongPassword:
            return self.page(request, onward, form.get("email", ""), _wrong, 401)
        except TooManyAttempts:
            return self.page(request, onward, form.get("email", ""), too_many, 429)
        if request.state.session is not None:
            await self.ended(request.state.session)
        return self.let_on(found, onward)

    async def leave(self, request: Request) -> Response:
        """End the session. Other sites cannot ask for it: their posts come without the cookie."""
        if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return HTMLResponse("not from here", 403)
        if request.state.session is not None:
            await self.ended(request.state.session)
        answer = RedirectResponse("/login?left=1", 303, headers={"Cache-Control": "no-store"})
        self.drop_cookie(answer, self.resolver.cookie)
        return answer

    def let_on(self, found: Entry | CodeNeeded, onward: str | None) -> Response:
        """Into a session, or to the form for the second factor."""
        if isinstance(found, Entry):
            return self.let_in(found, onward)
        where = f"{CODE_PATH}?next={quote(inside(onward), safe='')}"
        answer = RedirectResponse(where, 303, headers={"Cache-Control": "no-store"})
        lasts = int(STEP_LASTS.total_seconds())
        self.set_cookie(answer, self.step_cookie, found.step, lasts)
        return answer

    def let_in(self, entry: Entry, onward: str | None) -> Response:
        """The way on into a new session, with the cookies that it is known by."""
        answer = RedirectResponse(inside(onward), 303, headers={"Cache-Control": "no-store"})
        self.set_cookie(answer, self.resolver.cookie, entry.session, int(ABSOLUTE.total_seconds()))
        known = ".".join(entry.devices)
        self.set_cookie(answer, self.device_cookie, known, int(LASTS.total_seconds()))
        self.drop_cookie(answer, self.form_cookie)
        return answer

    def party(self, request: Request) -> Party | None:
        """Who we are to passkeys; None where a browser came by an address that they are not for."""
        ours = passkeys.party(self.resolver.console.settings)
        return ours if ours and ours.host == request.headers.get("host", "").lower() else None

    def visitor(self, request: Request) -> Visitor:
        """Where a request comes from, and as which devices it is known."""
        known = request.cookies.get(self.device_cookie, "")[:_LONGEST_DEVICES]
        devices = tuple(known.split(".", MOST_IN_A_BROWSER)[:MOST_IN_A_BROWSER]) if known else ()
        ip = request.client.host if request.client else ""
        return Visitor(ip, request.headers.get("user-agent", ""), devices)

    async def _checked(self, request: Request, form: dict[str, str]) -> Entry | CodeNeeded:
        console = self.resolver.console
        work = partial(
            sign_in,
            console.engine,
            email=form.get("email", ""),
            password=form.get("password", ""),
            visitor=self.visitor(request),
            production=console.production,
            now=self.resolver.now(),
        )
        return await to_thread.run_sync(work, limiter=self.threads)

    async def ended(self, session: Session) -> None:
        """Sign a session out, and close what it holds open."""
        work = partial(sign_out, self.resolver.console.engine, session.key, session.user_id)
        await self.resolver.in_thread(work)
        await self.resolver.look_round()

    def is_our_form(self, request: Request, form: dict[str, str]) -> bool:
        """Whether a form was filled in on a page of ours, in this browser."""
        kept, sent = request.cookies.get(self.form_cookie, ""), form.get("form", "")
        origin = request.headers.get("origin", "null")  # `null` is what no-referrer makes of ours
        ours = f"{self.resolver.addresses.scheme}://{request.headers.get('host', '')}"
        site = request.headers.get("sec-fetch-site", "same-origin")
        return (
            bool(kept)
            and secrets.compare_digest(kept.encode(), sent.encode())
            and origin in ("null", ours)
            and site == "same-origin"
        )

    def page(
        self,
        request: Request,
        onward: str | None,
        email: str = "",
        said: Callable[[], tuple[str, str]] | None = None,
        status: int = 200,
    ) -> Response:
        asked = request.query_params.get("lang") or request.headers.get("accept-language")
        secret = request.cookies.get(self.form_cookie) or secrets.token_urlsafe(32)
        with i18n.speaking(i18n.match(asked)):
            html = login_page.render(
                people=self._people(),
                form=secret,
                onward=inside(onward),
                email=email,
                said=said() if said else None,
                provider=self._provider(),
            )
        answer = HTMLResponse(
            html,
            status,
            headers={"Content-Security-Policy": POLICY, "Cache-Control": "no-store"},
        )
        self.set_cookie(answer, self.form_cookie, secret, None)
        return answer

    def _provider(self) -> tuple[str, str] | None:
        """Where the company's own provider is left for, and its name; None where none is set."""
        found = oidc.provider(self.resolver.console.settings)
        return (OIDC_START, name_of(found.issuer)) if found else None

    def _people(self) -> tuple[tuple[str, str, str], ...]:
        console = self.resolver.console
        shown = console.settings.uses_emulator and not console.production
        return demo.PEOPLE if shown else ()

    def set_cookie(self, answer: Response, name: str, value: str, age: int | None) -> None:
        answer.set_cookie(
            name, value, max_age=age, secure=self.resolver.secure, httponly=True, samesite="lax"
        )

    def drop_cookie(self, answer: Response, name: str) -> None:
        answer.delete_cookie(name, secure=self.resolver.secure, httponly=True, samesite="lax")


def _signed_out() -> tuple[str, str]:
    return "calm", _("You are signed out.")


def _wrong() -> tuple[str, str]:
    return "error", _("The e-mail address or the password is wrong.")


def too_many() -> tuple[str, str]:
    """What is said over the limits of attempts."""
    return "error", _(
        "Too many attempts. Wait 15 minutes, or ask an administrator for a one-time link."
    )


def stale_form() -> tuple[str, str]:
    """What is said of a form that is not ours, or not of this browser any more."""
    return "error", _("This form was open for too long. Please try again.")


async def read_form(request: Request) -> dict[str, str] | None:
    """The fields of a small form; None when the body is larger than any of ours."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LARGEST_FORM:
            return None
    try:
        fields = parse_qs(body.decode("utf-8", "replace"), max_num_fields=_MOST_FIELDS)
    except ValueError:  # more fields than any form of ours has
        return {}
    return {name: values[0] for name, values in fields.items()}


def inside(wanted: str | None) -> str:
    """Where to go after signing in: a path of ours, whatever the link said."""
    path = wanted or "/"
    plain = path.isascii() and path.isprintable() and "\\" not in path
    plain = plain and len(path) <= _LONGEST_ONWARD
    return path if plain and path.startswith("/") and not path.startswith("//") else "/"
