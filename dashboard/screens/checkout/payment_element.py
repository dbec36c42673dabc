"""Stripe's Payment Element on our page, where there is a publishable test key of the account's.

It runs in the page itself: Stripe's frames do not work in a shadow root. The card goes from the
browser to Stripe alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.settings import EMULATOR_PUBLISHABLE_KEY, Settings
from dashboard import i18n
from dashboard.i18n import _
from dashboard.ui import viewer

#: The release that goes with the API version the SDK is pinned to.
SCRIPT = "https://js.stripe.com/endive/stripe.js"
#: What the page must be allowed for it (docs.stripe.com/security/guide, Stripe.js).
SOURCES = {
    "script-src": ("https://*.js.stripe.com", "https://js.stripe.com"),
    "frame-src": ("https://*.js.stripe.com", "https://js.stripe.com", "https://hooks.stripe.com"),
    "connect-src": ("https://api.stripe.com",),
}
#: A form that is not there after so many milliseconds will not come.
_PATIENCE = 8000

_HTML = """\
<div class="tillwatch-element">
  <div class="form"></div>
  <p class="said" role="status"></p>
  <button type="button" class="pay" hidden></button>
</div>
"""
_CSS = """\
.tillwatch-element { font-family: var(--st-font); color: var(--st-text-color); }
.tillwatch-element .said { min-height: 1.4em; margin: 0.6rem 0; font-size: 0.9rem; }
.tillwatch-element .pay {
  font: inherit; font-weight: 600; width: 100%; padding: 0.55rem 1rem; cursor: pointer;
  color: #fff; background: var(--st-primary-color); border: 0;
  border-radius: var(--st-button-radius, 0.43rem);
}
.tillwatch-element .pay:disabled { opacity: 0.6; cursor: default; }
"""
_JS = """\
const forms = new WeakMap();   // this function runs again on every change of data
export default function (component) {
  const root = component.parentElement, data = component.data;
  let form = forms.get(root);
  if (form && form.secret === data.secret) {
    form.fire = component.setTriggerValue;
    return form.leave;
  }
  if (form) form.leave();
  form = {secret: data.secret, fire: component.setTriggerValue};
  forms.set(root, form);
  const place = root.querySelector(".form"), said = root.querySelector(".said");
  const button = root.querySelector(".pay");
  let over = false;
  const fail = (why) => {
    if (over) return;
    over = true;
    said.textContent = data.words.failed;
    form.fire("failed", String(why));
  };
  const timer = setTimeout(() => fail("timeout"), data.patience);
  form.leave = () => { clearTimeout(timer); over = true; forms.delete(root); };
  said.textContent = data.words.loading;
  load(data.script).then(() => {
    if (over) return;
    const stripe = window.Stripe(data.key, {locale: data.locale});
    const elements = stripe.elements({
      clientSecret: data.secret,
      appearance: {theme: data.dark ? "night" : "stripe"},
    });
    const element = elements.create("payment", {
      defaultValues: {billingDetails: {name: data.name, email: data.email}},
    });
    element.on("ready", () => {
      if (over) return;
      clearTimeout(timer);
      said.textContent = "";
      button.textContent = data.words.pay;
      button.hidden = false;
    });
    element.on("loaderror", (event) => fail((event.error || {}).message || "loaderror"));
    place.replaceChildren();
    element.mount(place);
    button.onclick = async () => {
      button.disabled = true;
      said.textContent = data.words.paying;
      const {error} = await stripe.confirmPayment({
        elements,
        redirect: "if_required",
        confirmParams: {return_url: data.back},
      });
      button.disabled = false;
      said.textContent = error ? error.message : "";
      form.fire("done", JSON.stringify({at: Date.now(), code: error ? error.code || "" : ""}));
    };
  }).catch((why) => fail(why));
  return form.leave;
}
function load(address) {
  if (window.Stripe) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = address;
    script.onload = () => window.Stripe ? resolve() : reject("no Stripe");
    script.onerror = () => { script.remove(); reject("blocked"); };
    document.head.append(script);
  });
}
"""

_element = st.components.v2.component(
    "tillwatch_payment_element", html=_HTML, css=_CSS, js=_JS, isolate_styles=False
)


def key_of(settings: Settings) -> str | None:
    """The publishable test key with which Stripe's own form works; the emulator's does not."""
    key = settings.publishable_keys.get(False, "")
    return key if key.startswith("pk_test_") and key != EMULATOR_PUBLISHABLE_KEY else None


def key() -> str | None:
    """The key of this process's settings."""
    return key_of(viewer.current_console().settings)


def draw(secret: str, *, amount: str, name: str, email: str) -> Mapping[str, Any]:
    """The form for one payment. Its answer has `failed` in the run after it could not load, and
    `done` in the run after the customer's try; what came of that is read from Stripe."""
    data = {
        "key": key(),
        "secret": secret,
        "script": SCRIPT,
        "patience": _PATIENCE,
        "back": f"{viewer.current_console().settings.public_base}/api/v1/payments/return",
        "locale": "zh" if i18n.language() == "zh-CN" else "en",
        "dark": st.context.theme.type == "dark",
        "name": name,
        "email": email,
        "words": {
            "loading": _("Loading Stripe's card form …"),
            "failed": _("Stripe's card form could not be loaded."),
            "paying": _("Paying …"),
            "pay": _("Pay {amount}").format(amount=amount),
        },
    }
    answer = _element(
        key="payment_element",
        data=data,
        on_failed_change=lambda: None,
        on_done_change=lambda: None,
    )
    return dict(answer)
