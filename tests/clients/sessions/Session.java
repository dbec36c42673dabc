// A shop's session through stripe-java: prints the name of each step that held.

import com.stripe.Stripe;
import com.stripe.exception.CardException;
import com.stripe.model.Charge;
import com.stripe.model.Customer;
import com.stripe.model.Event;
import com.stripe.model.PaymentIntent;
import com.stripe.model.PaymentMethod;
import com.stripe.model.Refund;
import com.stripe.model.StripeObject;
import com.stripe.model.WebhookEndpoint;
import com.stripe.net.Webhook;
import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

public class Session {
  record Delivery(String body, String signature) {}

  static void hold(boolean held, String step, Object what) {
    if (!held) {
      System.err.println(step + ": " + what);
      System.exit(1);
    }
    System.out.println(step);
  }

  static PaymentIntent pay(String token) throws Exception {
    return PaymentIntent.create(
        Map.of(
            "amount", 2000,
            "currency", "usd",
            "confirm", true,
            "return_url", "https://shop.example.com/back",
            "payment_method", token));
  }

  static void challenged() throws Exception {
    PaymentIntent asked = pay("pm_card_threeDSecure2Required");
    String page = asked.getNextAction().getRedirectToUrl().getUrl();
    HttpRequest form =
        HttpRequest.newBuilder(URI.create(page))
            .header("Content-Type", "application/x-www-form-urlencoded")
            .POST(HttpRequest.BodyPublishers.ofString("outcome=succeed"))
            .build();
    // It would ask for HTTP/2 first, and uvicorn loses the body of such a request.
    HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    client.send(form, HttpResponse.BodyHandlers.discarding());
    String status = PaymentIntent.retrieve(asked.getId()).getStatus();
    hold(status.equals("succeeded"), "3-D Secure", status);
  }

  static void told(BlockingQueue<Delivery> deliveries, String secret, String intent)
      throws Exception {
    while (true) {
      Delivery delivery = deliveries.poll(20, TimeUnit.SECONDS);
      must(delivery != null, "no charge.refunded came");
      Event event = Webhook.constructEvent(delivery.body(), delivery.signature(), secret);
      // An event of another version than the library's has no object here.
      StripeObject about = event.getDataObjectDeserializer().getObject().orElse(null);
      must(about != null, event.getType() + " of " + event.getApiVersion());
      if (event.getType().equals("charge.refunded")) {
        String of = ((Charge) about).getPaymentIntent();
        hold(of.equals(intent), "webhook", of);
        return;
      }
    }
  }

  static void must(boolean held, String what) {
    if (!held) {
      System.err.println("webhook: " + what);
      System.exit(1);
    }
  }

  public static void main(String[] args) throws Exception {
    Stripe.overrideApiBase(args[0]);
    Stripe.apiKey = "sk_test_emulator_client_0001";
    Stripe.setMaxNetworkRetries(0);
    BlockingQueue<Delivery> deliveries = new LinkedBlockingQueue<>();
    HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
    server.createContext(
        "/hook",
        exchange -> {
          byte[] body = exchange.getRequestBody().readAllBytes();
          String signature = exchange.getRequestHeaders().getFirst("Stripe-Signature");
          deliveries.add(new Delivery(new String(body, StandardCharsets.UTF_8), signature));
          exchange.sendResponseHeaders(200, -1);
          exchange.close();
        });
    server.start();
    WebhookEndpoint endpoint =
        WebhookEndpoint.create(
            Map.of(
                "url", "http://127.0.0.1:" + server.getAddress().getPort() + "/hook",
                "enabled_events", List.of("*"),
                "api_version", Stripe.API_VERSION));

    PaymentIntent paid = pay("pm_card_visa");
    hold(paid.getStatus().equals("succeeded"), "pay", paid);
    try {
      pay("pm_card_visa_chargeDeclined");
      hold(false, "decline", "a declined card paid");
    } catch (CardException declined) {
      hold(declined.getCode().equals("card_declined"), "decline", declined);
    }
    challenged();
    Refund back = Refund.create(Map.of("payment_intent", paid.getId(), "amount", 500));
    hold(back.getStatus().equals("succeeded"), "refund", back);
    Customer ada = Customer.create(Map.of("name", "Ada", "payment_method", "pm_card_visa"));
    int cards = PaymentMethod.list(Map.of("customer", ada.getId(), "type", "card")).getData().size();
    hold(cards == 1, "customer", cards);
    int seen = 0;
    for (Charge ignored : Charge.list(Map.of("limit", 1)).autoPagingIterable()) {
      seen++;
    }
    hold(seen == 3, "auto-paging", seen);
    told(deliveries, endpoint.getSecret(), paid.getId());
    System.exit(0);
  }
}
