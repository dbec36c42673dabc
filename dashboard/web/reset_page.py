"""Choosing a password by a link that an administrator handed out: good once, and for hours."""

from __future__ import annotations

from functools import partial
from html import escape

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from core.access import password_reset
from core.access.password_reset import LinkSpent
from core.errors import InvalidInput
from dashboard.i18n import N_, _
from dashboard.web.login import SignInDesk, read_form
from dashboard.web.password_page import choice_form, chosen_twice, stale_form
from dashboard.web.session_lookup import SessionResolver


def routes(resolver: SessionResolver) -> list[BaseRoute]:
    """The form behind a link; who has no link is shown the sign-in."""
    context = _Resetting(resolver)
    return [
        Route(password_reset.PATH, context.show, methods=["GET"]),
        Route(password_reset.PATH, context.enter, methods=["POST"]),
    ]


class _Resetting(SignInDesk):
    async def show(self, request: Request) -> Response:
        """The empty form; looking at it does not use the link up."""
        token = request.query_params.get("token", "")
        console = self.resolver.console
        look = partial(
            password_reset.check,
            console.engine,
            token,
            now=self.resolver.now(),
            production=console.production,
        )
        try:
            await self.resolver.in_thread(look)
        except LinkSpent:
            return self.page(request, "/", said=_spent, status=404)
        return self._form(request, token)

    async def enter(self, request: Request) -> Response:
        """Keep what was chosen and go on in a session, or the form again with what is wrong."""
        form = await read_form(request)
        if form is None:
            return HTMLResponse("too large", 413)
        token = form.get("token", "")
        if not self.is_our_form(request, form):
            return self._form(request, token, stale_form(), 403)
        console = self.resolver.console
        try:
            work = partial(
                password_reset.choose,
                console.engine,
                token,
                chosen_twice(form),
                visitor=self.visitor(request),
                now=self.resolver.now(),
                production=console.production,
            )
            found = await to_thread.run_sync(work, limiter=self.threads)
        except InvalidInput as error:
            return self._form(request, token, error, 422)
        except LinkSpent:
            return self.page(request, "/", said=_spent, status=404)
        await self.resolver.look_round()
        return self.let_on(found, "/")

    def _form(
        self, request: Request, token: str, error: InvalidInput | None = None, status: int = 200
    ) -> Response:
        return choice_form(
            self,
            request,
            "/",
            action=password_reset.PATH,
            intro=N_("An administrator sent you here. What you choose opens your account."),
            error=error,
            status=status,
            more=f'<input type="hidden" name="token" value="{escape(token, quote=True)}">',
        )


def _spent() -> tuple[str, str]:
    return "error", _(LinkSpent.said())
