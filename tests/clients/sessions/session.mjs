// A shop's session through stripe-node of any major: node session.mjs ADDRESS WEBHOOK_PORT
// Prints the name of each step that held.
import assert from "node:assert/strict";
import http from "node:http";
import Stripe from "stripe";

const base = new URL(process.argv[2]);
const stripe = new Stripe("sk_test_emulator_client_0001", {
  protocol: "http",
  host: base.hostname,
  port: base.port,
  maxNetworkRetries: 0,
});
const version = stripe.getApiField?.("version") ?? Stripe.API_VERSION;
const events = [];
let secret = "";
const server = http.createServer((request, answer) => {
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", () => {
    events.push(stripe.webhooks.constructEvent(Buffer.concat(parts), request.headers["stripe-signature"], secret));
    answer.end();
  });
});
await new Promise((ready) => server.listen(0, "127.0.0.1", ready));

const endpoint = await stripe.webhookEndpoints.create({
  url: `http://127.0.0.1:${server.address().port}/hook`,
  enabled_events: ["*"],
  ...(version ? { api_version: version } : {}),
});
secret = endpoint.secret;

const PAY = { amount: 2000, currency: "usd", confirm: true, return_url: "https://shop.example.com/back" };
const paid = await stripe.paymentIntents.create({ ...PAY, payment_method: "pm_card_visa" });
assert.equal(paid.status, "succeeded");
console.log("pay");

const refusal = await stripe.paymentIntents.create({ ...PAY, payment_method: "pm_card_visa_chargeDeclined" }).catch((e) => e);
assert.equal(refusal.code, "card_declined");
assert.ok(refusal instanceof Stripe.errors.StripeCardError);
console.log("decline");

const challenged = await stripe.paymentIntents.create({ ...PAY, payment_method: "pm_card_threeDSecure2Required" });
await fetch(challenged.next_action.redirect_to_url.url, { method: "POST", body: new URLSearchParams({ outcome: "succeed" }), redirect: "manual" });
assert.equal((await stripe.paymentIntents.retrieve(challenged.id)).status, "succeeded");
console.log("3-D Secure");

const refund = await stripe.refunds.create({ payment_intent: paid.id, amount: 500 });
assert.equal(refund.status, "succeeded");
console.log("refund");

const customer = await stripe.customers.create({ name: "Ada", payment_method: "pm_card_visa" });
assert.equal((await stripe.paymentMethods.list({ customer: customer.id, type: "card" })).data.length, 1);
console.log("customer");

let seen = 0;
for await (const charge of stripe.charges.list({ limit: 1 })) seen += charge.object === "charge";
assert.equal(seen, 3);
console.log("auto-paging");

const until = Date.now() + 20_000;
while (!events.some((event) => event.type === "charge.refunded") && Date.now() < until)
  await new Promise((later) => setTimeout(later, 50));
const refunded = events.find((event) => event.type === "charge.refunded");
assert.equal(refunded.data.object.payment_intent, paid.id);
if (version) assert.equal(refunded.api_version, version);
console.log("webhook");
server.close();
process.exit(0);
