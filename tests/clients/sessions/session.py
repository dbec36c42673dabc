"""A shop's session through stripe-python of any major: python session.py ADDRESS.

Prints the name of each step that held. It imports nothing of this program.
"""

import http.server
import sys
import threading
import time
import urllib.parse
import urllib.request

import stripe

stripe.api_base = sys.argv[1]
stripe.api_key = "sk_test_emulator_client_0001"
stripe.max_network_retries = 0
VERSION = stripe.api_version
BACK = "https://shop.example.com/back"
bodies: list = []


class Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        bodies.append((body, self.headers["Stripe-Signature"]))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *args):
        return


class Same(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args):
        return None


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook)
threading.Thread(target=server.serve_forever, daemon=True).start()
more = {"api_version": VERSION} if VERSION else {}
endpoint = stripe.WebhookEndpoint.create(
    url=f"http://127.0.0.1:{server.server_port}/hook", enabled_events=["*"], **more
)


def pay(token):
    return stripe.PaymentIntent.create(
        amount=2000, currency="usd", confirm=True, return_url=BACK, payment_method=token
    )


paid = pay("pm_card_visa")
assert paid.status == "succeeded", paid
print("pay")
try:
    pay("pm_card_visa_chargeDeclined")
    raise SystemExit("a declined card paid")
except stripe.error.CardError if hasattr(stripe, "error") else stripe.CardError as declined:
    assert declined.code == "card_declined"
print("decline")
challenged = pay("pm_card_threeDSecure2Required")
page = challenged.next_action.redirect_to_url.url
try:
    urllib.request.build_opener(Same).open(
        page, urllib.parse.urlencode({"outcome": "succeed"}).encode()
    )
except urllib.error.HTTPError as answer:
    assert answer.code == 303
assert stripe.PaymentIntent.retrieve(challenged.id).status == "succeeded"
print("3-D Secure")
assert stripe.Refund.create(payment_intent=paid.id, amount=500).status == "succeeded"
print("refund")
customer = stripe.Customer.create(name="Ada", payment_method="pm_card_visa")
assert len(stripe.PaymentMethod.list(customer=customer.id, type="card").data) == 1
print("customer")
assert len(list(stripe.Charge.list(limit=1).auto_paging_iter())) == 3
print("auto-paging")
end = time.monotonic() + 20
found = None
while found is None and time.monotonic() < end:
    for body, signature in list(bodies):
        event = stripe.Webhook.construct_event(body, signature, endpoint.secret)
        if event.type == "charge.refunded":
            found = event
    time.sleep(0.05)
assert found is not None
assert found.data.object.payment_intent == paid.id
assert VERSION is None or found.api_version == VERSION
print("webhook")
