"""Your account: an app and passkeys of one's own, on a plain page that no script reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from html import escape
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import segno
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from core.access import own_account, passkeys, second_factor
from core.access.own_account import OwnAccount
from core.access.passkeys import WrongPasskey
from core.access.sign_in import WrongCode
from core.encryption import Encrypter
from core.errors import InvalidInput, NotFound, NotSignedIn, ProofNeeded, TooManyAttempts
from dashboard import i18n
from dashboard.i18n import N_, _, ngettext
from dashboard.ui import step_up
from dashboard.web import plain_page
from dashboard.web.login import SignInDesk, inside, read_form, stale_form, too_many
from dashboard.web.plain_page import Field, Form
from dashboard.web.session_lookup import SessionResolver

PATH = "/account"
_SET_UP, _CONFIRM = f"{PATH}/second-factor", f"{PATH}/second-factor/confirm"
_CODES, _REMOVE = f"{PATH}/second-factor/codes", f"{PATH}/second-factor/remove"
_PASSKEYS, _PASSKEY_GONE = f"{PATH}/passkeys", f"{PATH}/passkeys/remove"
#: What those open who have to set up a second factor before anything else.
PATHS = frozenset({PATH, _SET_UP, _CONFIRM, _CODES, _REMOVE, _PASSKEYS})

_FIELDS = {
    "second_factor": N_("Second factor"),
    "passkey": N_("Passkey"),
    "name": N_("Name of the passkey"),
}

Said = tuple[str, str]
T = TypeVar("T")


def routes(resolver: SessionResolver) -> list[BaseRoute]:
    """The page and its forms; the middleware lets nobody without a session get here."""
    context = _Account(resolver)
    return [
        Route(PATH, context.show, methods=["GET"]),
        Route(_SET_UP, context.set_up, methods=["POST"]),
        Route(_CONFIRM, context.confirm, methods=["POST"]),
        Route(_CODES, context.renew, methods=["POST"]),
        Route(_REMOVE, context.remove, methods=["POST"]),
        Route(_PASSKEYS, context.add_passkey, methods=["POST"]),
        Route(_PASSKEY_GONE, context.remove_passkey, methods=["POST"]),
    ]


class _Account(SignInDesk):
    async def show(self, request: Request) -> Response:
        """What somebody has, and what they may do about it."""
        return await self._with_account(request, inside(request.query_params.get("next")), _shown)

    async def set_up(self, request: Request) -> Response:
        """A new secret, as a picture and as text."""

        async def work(form: dict[str, str], own: OwnAccount) -> Response:
            begin = partial(
                own_account.begin_factor,
                self._engine,
                request.state.session,
                self._encrypter,
                within=self._within,
                now=self.resolver.now(),
            )
            secret = await self.resolver.in_thread(begin)
            return self._picture(request, own, secret, inside(form.get("next")))

        return await self._posted(request, work)

    async def confirm(self, request: Request) -> Response:
        """The first code puts it in force; the recovery codes are shown, once."""

        async def work(form: dict[str, str], own: OwnAccount) -> Response:
            confirm = partial(
                own_account.confirm_factor,
                self._engine,
                request.state.session,
                form.get("code", ""),
                self._encrypter,
                within=self._within,
                now=self.resolver.now(),
            )
            onward = inside(form.get("next"))
            try:
                codes = await self.resolver.in_thread(confirm)
            except InvalidInput:
                look = partial(
                    own_account.begun_secret,
                    self._engine,
                    request.state.session,
                    self._encrypter,
                    within=self._within,
                    now=self.resolver.now(),
                )
                secret = await self.resolver.in_thread(look)
                if secret is None:
                    raise
                said = "error", _(WrongCode.said())
                return self._picture(request, own, secret, onward, said, 422)
            return self._codes(request, codes, onward)

        return await self._posted(request, work)

    async def renew(self, request: Request) -> Response:
        """New recovery codes, for a code; for who has passkeys alone, after a recent proof."""

        async def work(form: dict[str, str], _own: OwnAccount) -> Response:
            codes = await self._for_code(
                request, form, own_account.renew_codes, within=self._within
            )
            return self._codes(request, codes, inside(form.get("next")))

        return await self._posted(request, work)

    async def remove(self, request: Request) -> Response:
        """No app any more, for a code."""

        async def work(form: dict[str, str], _own: OwnAccount) -> Response:
            asking = self.resolver.console.settings.factor_roles
            await self._for_code(request, form, own_account.remove_factor, asking=asking)
            return RedirectResponse(PATH, 303)

        return await self._posted(request, work)

    async def add_passkey(self, request: Request) -> Response:
        """A passkey that the browser made; recovery codes are shown beside the first factor."""

        async def work(form: dict[str, str], own: OwnAccount) -> Response:
            keep = partial(
                own_account.add_passkey,
                self._engine,
                request.state.session,
                form.get("name", ""),
                form.get("answer", ""),
                self.party(request),
                within=self._within,
                visitor=self.visitor(request),
                now=self.resolver.now(),
            )
            codes = await self.resolver.in_thread(keep)
            if codes:
                return self._codes(request, codes, inside(form.get("next")))
            return RedirectResponse(PATH, 303)

        return await self._posted(request, work)

    async def remove_passkey(self, request: Request) -> Response:
        """One passkey less."""

        async def work(form: dict[str, str], own: OwnAccount) -> Response:
            remove = partial(
                own_account.remove_passkey,
                self._engine,
                request.state.session,
                form.get("passkey", ""),
                asking=self.resolver.console.settings.factor_roles,
                within=self._within,
                now=self.resolver.now(),
            )
            await self.resolver.in_thread(remove)
            return RedirectResponse(PATH, 303)

        return await self._posted(request, work)

    async def account(
        self,
        request: Request,
        own: OwnAccount,
        onward: str,
        said: Said | None = None,
        status: int = 200,
    ) -> Response:
        """What stands there with a second factor, and without one."""
        forms = list(_app_forms(own))
        forms += _passkey_forms(own, self.resolver.console.settings.zone)
        forms += await self._new_passkey(request)
        may_go = own.second_factor or not own.required
        return plain_page.answer(
            self,
            request,
            title=_("Your account"),
            intro=_("{email}. {said}").format(email=own.person.email, said=_intro(own)),
            forms=forms,
            onward=onward,
            said=said,
            back=_("Back to Tillwatch") if may_go else "",
            status=status,
        )

    async def _new_passkey(self, request: Request) -> list[Form]:
        """The form for one more; who is not fresh is asked to confirm who they are first."""
        ours = self.party(request)
        if ours is None:
            return []
        ask = partial(
            own_account.ask_for_passkey,
            self._engine,
            request.state.session,
            ours,
            within=self._within,
            now=self.resolver.now(),
        )
        label = _("Add a passkey")
        try:
            options = await self.resolver.in_thread(ask)
        except ProofNeeded:
            return [Form(_PASSKEYS, label, quiet=True)]
        most = {"required": "", "maxlength": str(passkeys.LONGEST_NAME), "autocomplete": "off"}
        name = Field("name", _("Name of the passkey, such as: work laptop"), most)
        return [Form(_PASSKEYS, label, [name], quiet=True, ceremony=options, makes=True)]

    async def _for_code(
        self, request: Request, form: dict[str, str], act: Callable[..., T], **more: Any
    ) -> T:
        work = partial(
            act,
            self._engine,
            request.state.session,
            form.get("code", ""),
            self._encrypter,
            visitor=self.visitor(request),
            now=self.resolver.now(),
            **more,
        )
        return await self.resolver.in_thread(work)

    async def _posted(self, request: Request, work: Callable[..., Any]) -> Response:
        """A form of ours is carried out; what was wrong with it stands above the page."""
        form = await read_form(request)
        if form is None:
            return HTMLResponse("too large", 413)
        onward = inside(form.get("next"))

        async def carried_out(
            desk: _Account, request: Request, own: OwnAccount, onward: str
        ) -> Any:
            try:
                return await work(form, own)
            except ProofNeeded:
                return RedirectResponse(f"{step_up.PATH}?next={PATH}", 303)
            except InvalidInput as error:
                return await desk.account(request, own, onward, _told(error), 422)
            except (WrongCode, WrongPasskey) as error:
                return await desk.account(request, own, onward, ("error", _(error.message)), 401)
            except NotFound as error:
                return await desk.account(request, own, onward, ("error", _(error.message)), 404)
            except TooManyAttempts:
                return await desk.account(request, own, onward, too_many(), 429)

        if not self.is_our_form(request, form):
            return await self._with_account(request, onward, _stale)
        return await self._with_account(request, onward, carried_out)

    async def _with_account(
        self, request: Request, onward: str, then: Callable[..., Any]
    ) -> Response:
        asking = self.resolver.console.settings.factor_roles
        look = partial(own_account.find, self._engine, request.state.session, asking)
        try:
            own = await self.resolver.in_thread(look)
        except NotSignedIn:
            return RedirectResponse("/login", 303)
        with plain_page.speaking(request, own.person.language):
            answer: Response = await then(self, request, own, onward)
            return answer

    @property
    def _engine(self) -> Any:
        return self.resolver.console.engine

    @property
    def _encrypter(self) -> Encrypter:
        return Encrypter(self.resolver.console.settings.encryption_key.get_secret_value())

    @property
    def _within(self) -> timedelta:
        return timedelta(minutes=self.resolver.console.settings.step_up_minutes)

    def _picture(
        self,
        request: Request,
        own: OwnAccount,
        secret: str,
        onward: str,
        said: Said | None = None,
        status: int = 200,
    ) -> Response:
        address = second_factor.uri(secret, own.person.email)
        picture = segno.make(address, error="m").svg_inline(scale=4, border=2, light="#fff")
        spaced = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
        named = escape(_("Picture for the app"), quote=True)
        between = (
            f'<div class="qr" role="img" aria-label="{named}">{picture}</div>'
            f'<p class="secret"><code>{escape(spaced)}</code></p>'
        )
        return plain_page.answer(
            self,
            request,
            title=_("Set up your app"),
            intro=_(
                "Scan the picture with the app, or type the text below it; then type its code."
            ),
            between=between,
            forms=[Form(_CONFIRM, _("Confirm"), [Field("code", _("Code"), plain_page.CODE)])],
            onward=onward,
            back="" if own.required else _("Back to Tillwatch"),
            said=said,
            status=status,
        )

    def _codes(self, request: Request, codes: tuple[str, ...], onward: str) -> Response:
        listed = "".join(f"<li><code>{escape(code)}</code></li>" for code in codes)
        return plain_page.answer(
            self,
            request,
            title=_("Recovery codes"),
            intro=_(
                "Each lets you in once without the app. They are shown this once: "
                "print them, or keep them where you keep passwords."
            ),
            between=f'<ul class="codes">{listed}</ul>',
            forms=[],
            onward=onward,
            back=_("I have kept them: go on"),
        )


async def _shown(desk: _Account, request: Request, own: OwnAccount, onward: str) -> Response:
    return await desk.account(request, own, onward)


async def _stale(desk: _Account, request: Request, own: OwnAccount, onward: str) -> Response:
    return await desk.account(request, own, onward, stale_form(), 403)


def _intro(own: OwnAccount) -> str:
    if not own.second_factor:
        if own.required:
            return _("Your role asks for a second factor: set it up before you go on.")
        return _("A second factor, asked for after your password: an app's code, or a passkey.")
    if own.passkeys:
        said = ngettext(
            "Your passkey or a code is asked for at each sign-in. {n} recovery code is left.",
            "Your passkey or a code is asked for at each sign-in. {n} recovery codes are left.",
            own.codes_left,
        )
    else:
        said = ngettext(
            "A code of your app is asked for at each sign-in. {n} recovery code is left.",
            "A code of your app is asked for at each sign-in. {n} recovery codes are left.",
            own.codes_left,
        )
    return said.format(n=own.codes_left)


def _app_forms(own: OwnAccount) -> Iterator[Form]:
    """Of the app, and of the recovery codes: where there is no app nobody has a code to type."""
    code = [Field("code", _("Code"), plain_page.CODE)]
    if not own.app:
        yield Form(_SET_UP, _("Set up an authenticator app"), quiet=own.second_factor)
    if own.second_factor:
        yield Form(_CODES, _("Make new recovery codes"), code * own.app, quiet=True)
    if own.app and own.may_lose_app:
        yield Form(_REMOVE, _("Turn the app off"), code, quiet=True)


def _passkey_forms(own: OwnAccount, zone: ZoneInfo) -> Iterator[Form]:
    for one in own.passkeys:
        used = one.last_used_at
        when = i18n.minute(used, zone) if used else _("never used")
        said = _("Passkey {name}, used: {time}").format(name=one.name, time=when)
        kept = {"passkey": one.passkey_id}
        label = _("Remove {name}").format(name=one.name)
        yield Form(_PASSKEY_GONE, label, quiet=True, kept=kept, lead=said)


def _told(error: InvalidInput) -> Said:
    rule = _(error.template).format(**error.values)
    field = _(_FIELDS.get(error.field, _FIELDS["second_factor"]))
    return "error", _("{field}: {rule}").format(field=field, rule=rule)
