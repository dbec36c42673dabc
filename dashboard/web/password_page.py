"""Choosing a password in place of the one that was given: a plain page, as sign-in is."""

from __future__ import annotations

import secrets
from functools import partial

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from core.access import passwords
from core.access.passwords import SHORTEST
from core.errors import InvalidInput, NotSignedIn
from dashboard import i18n
from dashboard.i18n import N_, _
from dashboard.web import login_page
from dashboard.web.login import POLICY, SignInDesk, inside, read_form
from dashboard.web.session_lookup import SessionResolver

PATH = "/password"


def routes(resolver: SessionResolver) -> list[BaseRoute]:
    """The form, for those who have to; the middleware lets nobody without a session get here."""
    context = _Choosing(resolver)
    return [
        Route(PATH, context.show, methods=["GET"]),
        Route(PATH, context.enter, methods=["POST"]),
    ]


class _Choosing(SignInDesk):
    async def show(self, request: Request) -> Response:
        """The empty form; onward for those who chose already."""
        onward = inside(request.query_params.get("next"))
        if not request.state.session.must_choose:
            return RedirectResponse(onward, 303)
        return self._form(request, onward)

    async def enter(self, request: Request) -> Response:
        """Keep what was chosen and go on in a new session, or the form again with what is wrong."""
        form = await read_form(request)
        if form is None:
            return HTMLResponse("too large", 413)
        onward = inside(form.get("next"))
        if not self.is_our_form(request, form):
            return self._form(request, onward, stale_form(), 403)
        try:
            chosen = chosen_twice(form)
            entry = await to_thread.run_sync(
                partial(
                    passwords.replace_temporary,
                    self.resolver.console.engine,
                    request.state.session,
                    chosen,
                    by=self.visitor(request),
                    now=self.resolver.now(),
                ),
                limiter=self.threads,
            )
        except InvalidInput as error:
            return self._form(request, onward, error, 422)
        except NotSignedIn:
            return RedirectResponse("/login", 303)
        await self.resolver.look_round()
        return self.let_in(entry, onward)

    def _form(
        self,
        request: Request,
        onward: str,
        error: InvalidInput | None = None,
        status: int = 200,
    ) -> Response:
        return choice_form(
            self,
            request,
            onward,
            action=PATH,
            intro=N_(
                "The one you came with was given to you. Choose one that nobody but you knows."
            ),
            error=error,
            status=status,
        )


def choice_form(
    desk: SignInDesk,
    request: Request,
    onward: str,
    *,
    action: str,
    intro: str,
    error: InvalidInput | None = None,
    status: int = 200,
    more: str = "",
) -> Response:
    """The page where a password is chosen: `intro` says why, `more` are further hidden fields."""
    secret = request.cookies.get(desk.form_cookie) or secrets.token_urlsafe(32)
    with i18n.speaking(i18n.match(request.headers.get("accept-language"))):
        html = login_page.template("password.html").substitute(
            lang=i18n.language(),
            title=_("Choose your password"),
            intro=_(intro),
            said=login_page.notice_html("error", _complaint(error)) if error else "",
            action=action,
            hidden=login_page.hidden(secret, onward) + more,
            password_label=_("New password"),
            again_label=_("The same again"),
            shortest=SHORTEST,
            button=_("Keep it"),
            leave=_("Sign out"),
        )
    headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-store"}
    answer = HTMLResponse(html, status, headers=headers)
    desk.set_cookie(answer, desk.form_cookie, secret, None)
    return answer


def chosen_twice(form: dict[str, str]) -> str:
    """The password that stands in both fields; `InvalidInput` where they differ."""
    chosen = form.get("password", "")
    if chosen != form.get("again"):
        raise InvalidInput("password", N_("is not the same in both fields"))
    return chosen


def stale_form() -> InvalidInput:
    """A form that is not ours, or not of this browser any more."""
    return InvalidInput("form", "This form was open for too long. Please try again.")


def _complaint(error: InvalidInput) -> str:
    rule = _(error.template).format(**error.values)
    if error.field == "form":
        return rule
    return _("{field}: {rule}").format(field=_("New password"), rule=rule)
