"""SetupIntents: a method is kept for payments to come, after 3-D Secure where the card asks."""

from __future__ import annotations

from typing import Any, NoReturn

from core.emulator.http.params import merged
from core.emulator.resources import (
    behaviours,
    cards,
    confirmation_tokens,
    lists,
    mandates,
    payment_methods,
    records,
    three_d_secure,
)
from core.emulator.resources.behaviours import BLOCKED, Behaviour, Kind
from core.emulator.resources.payment_intents import failure, method_types
from core.emulator.resources.three_d_secure import Step
from core.emulator.state.errors import DOCS, ApiError, refused
from core.emulator.state.store import Obj
from core.emulator.state.unit_of_work import Context, hidden, shown

_CANCELABLE = ("requires_payment_method", "requires_confirmation", "requires_action")
_ONLY_CONFIRMING = ("confirmation_token", "return_url", "mandate_data")
NOT_AUTHENTICATED = {
    "code": "setup_intent_authentication_failure",
    "doc_url": DOCS + "setup-intent-authentication-failure",
    "message": failure.NOT_AUTHENTICATED["message"],
    "type": "invalid_request_error",
}


def create(ctx: Context, params: dict[str, Any]) -> Obj:
    """POST /v1/setup_intents."""
    customer = params.get("customer")
    if customer:
        ctx.need("customer", customer, "customer")
    intent = _blank(ctx)
    intent["customer"] = customer
    intent["description"] = params.get("description")
    intent["metadata"] = merged({}, params.get("metadata") or {})
    intent["usage"] = params.get("usage", "off_session")
    method_types.choose(intent, params)
    token = confirmation_tokens.taken(ctx, params) if params.get("confirm") else None
    three_d_secure.remember(intent, params)
    method = payment_methods.given(ctx, params)
    if method is not None:
        _take_method(intent, method)
    ctx.tx.add(intent)
    confirming = params.get("confirm", False)
    if not confirming:
        for name in _ONLY_CONFIRMING:
            if name in params:
                raise refused(
                    f"The parameter `{name}` cannot be passed when creating a SetupIntent unless"
                    " `confirm` is set to true.",
                    name,
                )
    ctx.emit("setup_intent.created", intent)
    if confirming:
        confirmation_tokens.spend(ctx, token, intent)
        _start(ctx, intent, params)
    return intent


def _blank(ctx: Context) -> Obj:
    intent_id = ctx.ids.new("seti")
    return {
        "id": intent_id,
        "object": "setup_intent",
        "allowed_payment_method_types": None,
        "application": None,
        "automatic_payment_methods": None,
        "cancellation_reason": None,
        "client_secret": f"{intent_id}_secret_{ctx.ids.token(25)}",
        "created": ctx.now,
        "customer": None,
        "customer_account": None,
        "description": None,
        "excluded_payment_method_types": None,
        "flow_directions": None,
        "last_setup_error": None,
        "latest_attempt": None,
        "livemode": False,
        "mandate": None,
        "metadata": {},
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_configuration_details": None,
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "single_use_mandate": None,
        "status": "requires_payment_method",
        "usage": "off_session",
    }


def _take_method(intent: Obj, method: Obj) -> None:
    if method["type"] not in intent["payment_method_types"]:
        raise ApiError(
            f"The PaymentMethod provided ({method['type']}) is not allowed for this SetupIntent."
            " Please attach a PaymentMethod of one of the following types:"
            f" {', '.join(intent['payment_method_types'])}.",
            param="payment_method",
        )
    intent["payment_method"] = method["id"]
    intent["status"] = "requires_confirmation"


def update(ctx: Context, intent_id: str, params: dict[str, Any]) -> Obj:
    """POST /v1/setup_intents/{id}."""
    intent = ctx.need("setup_intent", intent_id, in_path=True)
    if intent["status"] in ("succeeded", "canceled") and set(params) - {
        *("metadata", "description", "expand"),
    }:
        raise _wrong_state(intent, "updated")
    if params.get("customer"):
        intent["customer"] = ctx.need("customer", params["customer"], "customer")["id"]
    if "description" in params:
        intent["description"] = params["description"]
    if "metadata" in params:
        intent["metadata"] = merged(intent["metadata"], params["metadata"])
    method_types.change(intent, params)
    three_d_secure.remember(intent, params)
    method = payment_methods.given(ctx, params)
    if method is not None:
        _take_method(intent, method)
    return ctx.tx.touch(intent)


def confirm(ctx: Context, intent_id: str, params: dict[str, Any]) -> Obj:
    """POST /v1/setup_intents/{id}/confirm."""
    intent = ctx.need("setup_intent", intent_id, in_path=True)
    if intent["status"] not in _CANCELABLE:
        raise _wrong_state(intent, "confirmed")
    method_types.check_secret(intent, params)
    token = confirmation_tokens.taken(ctx, params)
    method = payment_methods.given(ctx, params)
    if method is None and intent["status"] == "requires_action":
        return intent
    if method is not None:
        _take_method(intent, method)
    three_d_secure.remember(intent, params)
    confirmation_tokens.spend(ctx, token, intent)
    _start(ctx, intent, params)
    return intent


def _wrong_state(intent: Obj, done: str) -> ApiError:
    return ApiError(
        f"This SetupIntent could not be {done} because it has a status of {intent['status']}.",
        code="setup_intent_unexpected_state",
        setup_intent=shown(intent),
    )


def _start(ctx: Context, intent: Obj, params: dict[str, Any]) -> None:
    if not intent["payment_method"]:
        raise ApiError(
            "You cannot confirm this SetupIntent because it's missing a payment method. Update the"
            " SetupIntent with a payment method and then confirm it again.",
            code="setup_intent_unexpected_state",
            setup_intent=shown(intent),
        )
    return_url = params.get("return_url")
    automatic = intent["automatic_payment_methods"]
    if automatic and automatic["allow_redirects"] == "always" and not return_url:
        raise method_types.without_return_url("SetupIntent", intent)
    method = ctx.need("payment_method", intent["payment_method"])
    intent["next_action"] = intent["last_setup_error"] = None
    ctx.tx.touch(intent)
    if params.get("mandate_data"):
        intent["mandate"] = mandates.make(ctx, method, params["mandate_data"])["id"]
    behaviour = behaviours.remembered(method)
    step = three_d_secure.step(intent, method, behaviour.kind, off_session=False)
    if step is Step.BROKEN:
        _fail(ctx, intent, method, _declined("card_declined", "processing_error"))
    if step is Step.CHALLENGE:
        _ask(ctx, intent, behaviour, return_url)
        return
    _finish(ctx, intent, method, behaviour)


def _ask(ctx: Context, intent: Obj, behaviour: Behaviour, return_url: str | None) -> None:
    intent["status"] = "requires_action"
    behaviours.remember(intent, behaviour)
    hidden(intent)["return_url"] = return_url
    url = f"{ctx.base_url}/_hosted/authenticate/{intent['id']}"
    if return_url or behaviour.kind is Kind.REDIRECT:
        redirect = {"return_url": return_url, "url": url}
        intent["next_action"] = {"redirect_to_url": redirect, "type": "redirect_to_url"}
    else:
        intent["next_action"] = {
            "type": "use_stripe_sdk",
            "use_stripe_sdk": {
                "source": ctx.ids.new("src"),
                "stripe_js": url,
                "type": "three_d_secure_redirect",
            },
        }
    ctx.emit("setup_intent.requires_action", intent)


def authenticate(ctx: Context, intent_id: str, *, succeed: bool) -> Obj:
    """The customer's answer to a 3-D Secure challenge or on the page of a method."""
    intent = ctx.need("setup_intent", intent_id, in_path=True)
    if intent["status"] != "requires_action":
        raise _wrong_state(intent, "authenticated")
    method = ctx.need("payment_method", intent["payment_method"])
    behaviour = behaviours.read(hidden(intent).pop("does", Kind.THREE_D_SECURE.value))
    intent["next_action"] = None
    if not succeed:
        _send_back(ctx, intent, method, NOT_AUTHENTICATED)
        return intent
    try:
        _finish(ctx, intent, method, behaviour)
    except ApiError as declined:
        if not declined.keep:
            raise
    return ctx.tx.touch(intent)


def _finish(ctx: Context, intent: Obj, method: Obj, behaviour: Behaviour) -> None:
    kind = behaviour.kind
    if kind is Kind.DECLINE:
        _fail(ctx, intent, method, _declined(behaviour.code, behaviour.decline_code))
    if kind in BLOCKED:
        _fail(ctx, intent, method, _declined("card_declined", "fraudulent"))
    intent["status"] = "succeeded"
    if intent["usage"] == "off_session":
        hidden(method)["set_up"] = True
    if intent["customer"] and method["customer"] is None:
        method["customer"] = intent["customer"]
        ctx.emit("payment_method.attached", method)
    ctx.tx.touch(method)
    ctx.emit("setup_intent.succeeded", intent)


def _declined(code: str, decline_code: str) -> dict[str, Any]:
    reason = decline_code or code
    return {
        "code": code,
        **({"decline_code": decline_code} if decline_code else {}),
        "doc_url": DOCS + code.replace("_", "-"),
        "message": cards.decline_message(reason),
        **({"param": "cvc"} if code == "incorrect_cvc" else {}),
        "type": "card_error",
    }


def _fail(ctx: Context, intent: Obj, method: Obj, error: dict[str, Any]) -> NoReturn:
    _send_back(ctx, intent, method, error)
    failure.raise_kept(error, setup_intent=shown(intent), payment_method=shown(method))


def _send_back(ctx: Context, intent: Obj, method: Obj, error: dict[str, Any]) -> None:
    intent["status"], intent["payment_method"] = "requires_payment_method", None
    intent["next_action"] = None
    intent["last_setup_error"] = {**error, "payment_method": shown(method)}
    ctx.tx.touch(intent)
    ctx.emit("setup_intent.setup_failed", intent)


def cancel(ctx: Context, intent_id: str, params: dict[str, Any]) -> Obj:
    """POST /v1/setup_intents/{id}/cancel."""
    intent = ctx.need("setup_intent", intent_id, in_path=True)
    if intent["status"] not in _CANCELABLE:
        raise _wrong_state(intent, "canceled")
    intent["status"], intent["next_action"] = "canceled", None
    intent["cancellation_reason"] = params.get("cancellation_reason")
    ctx.emit("setup_intent.canceled", intent)
    return ctx.tx.touch(intent)


def list_intents(ctx: Context, params: dict[str, Any]) -> Obj:
    """GET /v1/setup_intents."""
    where: list[tuple[str, Any]] = []
    if params.get("payment_method"):
        where.append(("json_extract(body, '$.payment_method') = ?", params["payment_method"]))
    url = "/v1/setup_intents"
    return lists.page(ctx, "setup_intent", url, params, filters=["customer"], where=where)


retrieve = records.Record("setup_intent").retrieve
