// Supabase's stripe-sync-engine: node sync_engine.mjs ADDRESS KEY VERSION; prints rows by table.
import { PGlite } from "@electric-sql/pglite";
import { PGLiteSocketServer } from "@electric-sql/pglite-socket";
import Stripe from "stripe";
import { createRequire } from "node:module";

// Its ES module makes no tables, and says nothing of it: findings/stripe-sync-engine-no-tables.sh.
const { StripeSync, runMigrations } = createRequire(import.meta.url)("@supabase/stripe-sync-engine");

const [address, key, apiVersion] = process.argv.slice(2);
const { hostname, port } = new URL(address);
const db = await PGlite.create();
const server = new PGLiteSocketServer({ db, port: 0, host: "127.0.0.1", maxConnections: 20 });
const listens = new Promise((done) => server.addEventListener("listening", (e) => done(e.detail)));
await server.start();
const databaseUrl = `postgres://postgres:postgres@127.0.0.1:${(await listens).port}/postgres`;
const logger = { info() {}, error: console.error };
await runMigrations({ databaseUrl, schema: "stripe", logger });
const sync = new StripeSync({
  poolConfig: { connectionString: databaseUrl, max: 1 },
  schema: "stripe",
  stripeSecretKey: key,
  stripeWebhookSecret: "whsec_unused",
  stripeApiVersion: apiVersion,
  autoExpandLists: true,
  backfillRelatedEntities: true,
});
// It takes no address, so its client is one of the same version at ours.
const options = { host: hostname, port, protocol: "http", apiVersion, maxNetworkRetries: 0 };
sync.stripe = new Stripe(key, options);
await sync.syncBackfill({ object: "all" });
const { rows: tables } = await db.query(
  "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'stripe'",
);
for (const { name } of tables) {
  const { rows } = await db.query(`SELECT count(*)::int AS n FROM stripe."${name}"`);
  console.log(`rows ${name} ${rows[0].n}`);
}
process.exit(0);
