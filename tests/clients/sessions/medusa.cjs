// Medusa's payment provider for Stripe: node medusa.cjs ADDRESS KEY; prints each step that held.
const { StripeProviderService, StripeIdealService } = require("@medusajs/payment-stripe/dist/services");
const Stripe = require("stripe");
const assert = require("node:assert");

const [address, apiKey] = process.argv.slice(2);
const { hostname, port } = new URL(address);
const back = "https://shop.example.com/back";
const options = { apiKey, capture: false, webhookSecret: "whsec_unused" };
// It takes no address, so its client is the same one at ours.
const client = new Stripe(apiKey, { host: hostname, port, protocol: "http" });

function provider(Service) {
  const made = new Service({ logger: console }, options);
  made.stripe_ = client;
  return made;
}

async function started(service, session) {
  const context = { idempotency_key: session };
  const given = { currency_code: "eur", amount: 20, data: { session_id: session }, context };
  return (await service.initiatePayment(given)).data;
}

// What Stripe's own script does in the customer's browser.
async function byCard() {
  const service = provider(StripeProviderService);
  const data = await started(service, "payses_card");
  await client.paymentIntents.confirm(data.id, { payment_method: "pm_card_visa", return_url: back });
  assert.equal((await service.authorizePayment({ data })).status, "authorized");
  console.log("card authorized");
  const captured = await service.capturePayment({ data, context: {} });
  assert.equal(captured.data.amount_received, 2000);
  console.log("card captured");
  await service.refundPayment({ amount: 5, data: captured.data, context: {} });
  const [refund] = (await client.refunds.list({ payment_intent: data.id })).data;
  assert.equal(refund.amount, 500);
  console.log("card refunded");
}

async function byIdeal() {
  const service = provider(StripeIdealService);
  const data = await started(service, "payses_ideal");
  const given = { payment_method_data: { type: "ideal" }, return_url: back };
  const asked = await client.paymentIntents.confirm(data.id, given);
  assert.equal((await service.authorizePayment({ data })).status, "requires_more");
  const page = asked.next_action.redirect_to_url.url;
  const body = new URLSearchParams({ outcome: "succeed" });
  await fetch(page, { method: "POST", body, redirect: "manual" });
  assert.equal((await service.authorizePayment({ data })).status, "captured");
  console.log("ideal captured");
}

async function canceled() {
  const service = provider(StripeProviderService);
  const data = await started(service, "payses_canceled");
  await service.cancelPayment({ data, context: {} });
  assert.equal((await service.getPaymentStatus({ data })).status, "canceled");
  console.log("canceled");
}

byCard()
  .then(byIdeal)
  .then(canceled)
  .catch((error) => {
    console.error(error);
    process.exit(1);
  });
