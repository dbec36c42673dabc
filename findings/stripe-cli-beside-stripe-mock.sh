#!/bin/sh
# Of the 123 events that Stripe's CLI 1.52.0 can trigger, Stripe's own mock 0.203.0 takes the requests
# of 108. Checkout's are completed through /v1/payment_pages, which is no part of the published API;
# promotion codes and discounts are asked for in an older shape; the mock's subscription has no
# invoice to go on with.
# Tillwatch: core/emulator serves /v1/payment_pages; tests/clients/stripe_cli_trigger.py says which
# version the CLI's fixtures are of, and names each that does not pass and why.
set -eu
folder=$(mktemp -d)
mock=
trap 'test -z "$mock" || kill "$mock"; rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund '@stripe/cli@1.52.0'
GOBIN="$folder" GOFLAGS=-modcacherw go install 'github.com/stripe/stripe-mock@v0.203.0'
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
./stripe-mock -http-port "$port" >mock.log 2>&1 &
mock=$!
until python3 -c "import socket; socket.create_connection(('127.0.0.1', $port))" 2>/dev/null; do
    kill -0 "$mock"
    sleep 0.2
done
export STRIPE_CLI_TELEMETRY_OPTOUT=1 STRIPE_API_KEY=sk_test_123456789012 XDG_CONFIG_HOME="$folder"
stripe=node_modules/.bin/stripe
"$stripe" trigger --help | grep -oE '^ +[a-z0-9_]+\.[a-z0-9_.]+' | tr -d ' ' | sort -u >names
for name in $(cat names); do
    said=$("$stripe" trigger "$name" --api-base "http://127.0.0.1:$port" 2>&1) || true
    case $said in
        *"Trigger succeeded"*) ;;
        *"Unrecognized request URL"*) printf '%s: no such address\n' "$name" ;;
        *"Request validation error"*) printf '%s: no such parameters\n' "$name" ;;
        *) printf '%s: %s\n' "$name" "$said" ;;
    esac
done >refused
cat >expected <<'EOF'
checkout.session.async_payment_succeeded: no such address
checkout.session.completed: no such address
customer.discount.created: no such parameters
customer.discount.deleted: no such parameters
customer.discount.updated: no such parameters
issuing_authorization.request.eu: no such address
issuing_authorization.request.gb: no such address
issuing_authorization.request: no such address
payment_intent.partially_funded: no such parameters
promotion_code.created: no such parameters
promotion_code.updated: no such parameters
subscription.payment_failed: no such address
subscription.payment_succeeded: no such address
v1.billing.meter.error_report_triggered: no such address
v1.billing.meter.no_meter_found: no such address
EOF
"$stripe" version
echo "stripe-mock v0.203.0"
echo "$(wc -l <names) events, refused:"
LC_ALL=C sort refused | tee refused.sorted
LC_ALL=C sort expected >expected.sorted
test "$(wc -l <names)" -eq 123
cmp refused.sorted expected.sorted
