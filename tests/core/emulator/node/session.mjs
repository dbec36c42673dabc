// A shop's session with the emulator through stripe-node, unchanged but for the address.
// Usage: node session.mjs http://127.0.0.1:12111 ; prints the name of each step that held.
import assert from "node:assert/strict";
import http from "node:http";
import Stripe from "stripe";

const base = new URL(process.argv[2]);
const stripe = new Stripe("sk_test_of_the_tests", {
  protocol: "http",
  host: base.hostname,
  port: base.port,
  maxNetworkRetries: 0,
});
const BACK = "https://shop.example.com/back";

const held = (step) => console.log(step);

const order = (amount, more = {}) =>
  stripe.paymentIntents.create({ amount, currency: "eur", metadata: { order_id: "42" }, ...more });

async function declined(promise) {
  const error = await promise.then(() => null, (reason) => reason);
  assert.ok(error instanceof Stripe.errors.StripeCardError, String(error));
  return error;
}

async function atTheBank(intent, outcome) {
  assert.equal(intent.status, "requires_action");
  const answer = await fetch(intent.next_action.redirect_to_url.url, {
    method: "POST",
    body: new URLSearchParams({ outcome }),
    redirect: "manual",
  });
  assert.equal(answer.status, 303);
  const back = new URL(answer.headers.get("location"));
  assert.equal(back.searchParams.get("payment_intent"), intent.id);
  return back.searchParams.get("redirect_status");
}

// A webhook endpoint of the shop's own: keeps what comes, and waits for what is looked for.
const deliveries = [];
const hook = http.createServer((request, response) => {
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", () => {
    deliveries.push([Buffer.concat(parts), request.headers["stripe-signature"]]);
    response.end();
  });
});
await new Promise((resolve) => hook.listen(0, "127.0.0.1", resolve));
const { port } = hook.address();
const endpoint = await stripe.webhookEndpoints.create({
  url: `http://127.0.0.1:${port}/hook`,
  enabled_events: ["payment_intent.succeeded"],
});

const made = await order(2000);
assert.equal(made.status, "requires_payment_method");
assert.equal(made.amount, 2000);
held("create");

const paid = await stripe.paymentIntents.confirm(made.id, {
  payment_method: "pm_card_visa",
  return_url: BACK,
});
assert.equal(paid.status, "succeeded");
held("confirm");

const second = await order(3000);
const refusal = await declined(
  stripe.paymentIntents.confirm(second.id, {
    payment_method: "pm_card_visa_chargeDeclinedInsufficientFunds",
    return_url: BACK,
  }),
);
assert.equal(refusal.statusCode, 402);
assert.equal(refusal.code, "card_declined");
assert.equal(refusal.decline_code, "insufficient_funds");
assert.equal(refusal.payment_intent.id, second.id);
held("decline");

const asking = { payment_method: "pm_card_threeDSecure2Required", return_url: BACK };
const passed = await stripe.paymentIntents.confirm(second.id, asking);
assert.equal(await atTheBank(passed, "succeed"), "succeeded");
assert.equal((await stripe.paymentIntents.retrieve(second.id)).status, "succeeded");
held("3-D Secure passed");

const third = await order(4000, { confirm: true, ...asking });
assert.equal(await atTheBank(third, "fail"), "failed");
const failed = await stripe.paymentIntents.retrieve(third.id);
assert.equal(failed.status, "requires_payment_method");
assert.equal(failed.last_payment_error.code, "payment_intent_authentication_failure");
held("3-D Secure failed");

const refund = await stripe.refunds.create({ payment_intent: paid.id, amount: 500 });
assert.equal(refund.amount, 500);
held("refund");

for (let i = 0; i < 5; i += 1) await order(1000 + i);
const found = [];
for await (const one of stripe.paymentIntents.list({ limit: 3 })) found.push(one.id);
assert.equal(new Set(found).size, found.length);
assert.ok(found.length >= 8);
held("auto-paging");

const whole = await stripe.paymentIntents.retrieve(paid.id, {
  expand: ["latest_charge.refunds", "payment_method"],
});
assert.equal(whole.latest_charge.amount_refunded, 500);
assert.equal(whole.latest_charge.refunds.data[0].id, refund.id);
assert.equal(whole.payment_method.card.last4, "4242");
held("expand");

const key = { idempotencyKey: `order-42-${Date.now()}` };
const once = await stripe.paymentIntents.create({ amount: 700, currency: "jpy" }, key);
const again = await stripe.paymentIntents.create({ amount: 700, currency: "jpy" }, key);
assert.equal(again.id, once.id);
assert.equal(once.lastResponse.headers["idempotent-replayed"], undefined);
assert.equal(again.lastResponse.headers["idempotent-replayed"], "true");
await assert.rejects(
  stripe.paymentIntents.create({ amount: 701, currency: "jpy" }, key),
  Stripe.errors.StripeIdempotencyError,
);
held("idempotent retry");

const session = await stripe.checkout.sessions.create({
  mode: "payment",
  success_url: "https://shop.example.com/thanks?session={CHECKOUT_SESSION_ID}",
  line_items: [
    {
      quantity: 2,
      price_data: { currency: "usd", unit_amount: 1250, product_data: { name: "Tea" } },
    },
  ],
});
const bought = await fetch(session.url, {
  method: "POST",
  body: new URLSearchParams({ email: "ada@example.com", choice: "pm_card_visa" }),
  redirect: "manual",
});
assert.equal(
  bought.headers.get("location"),
  `https://shop.example.com/thanks?session=${session.id}`,
);
assert.equal((await stripe.checkout.sessions.retrieve(session.id)).payment_status, "paid");
held("checkout");

const until = Date.now() + 20_000;
while (deliveries.length < 3 && Date.now() < until) {
  await new Promise((resolve) => setTimeout(resolve, 20));
}
const events = deliveries.map(([body, signature]) =>
  stripe.webhooks.constructEvent(body, signature, endpoint.secret),
);
assert.ok(events.some((event) => event.data.object.id === paid.id));
assert.ok(events.every((event) => event.type === "payment_intent.succeeded"));
const [body, signature] = deliveries[0];
assert.throws(
  () => stripe.webhooks.constructEvent(`${body} `, signature, endpoint.secret),
  Stripe.errors.StripeSignatureVerificationError,
);
await stripe.webhookEndpoints.del(endpoint.id);
held("webhook");

hook.close();
hook.closeAllConnections();
