#!/bin/sh
# Supabase's stripe-sync-engine, imported as an ES module, makes no tables and says nothing of it:
# `runMigrations` stumbles over `__dirname`, and an error goes to a logger that nobody gave.
# Tillwatch: tests/clients/sessions/sync_engine.mjs requires its CommonJS build instead.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund '@supabase/stripe-sync-engine@0.48.5' 'stripe@22.6.2' \
    '@electric-sql/pglite@0.5.14' '@electric-sql/pglite-socket@0.2.17'
echo "Its README: import { runMigrations } from '@supabase/stripe-sync-engine'"
echo "            await runMigrations({ databaseUrl: 'postgres://...' })"
cat >tables.mjs <<'NODE'
import { PGlite } from "@electric-sql/pglite";
import { PGLiteSocketServer } from "@electric-sql/pglite-socket";
import * as module from "@supabase/stripe-sync-engine";
import assert from "node:assert";
import { createRequire } from "node:module";

const common = createRequire(import.meta.url)("@supabase/stripe-sync-engine");
const count =
  "SELECT count(*)::int AS n FROM information_schema.tables WHERE table_schema = 'stripe'";
const db = await PGlite.create();
const server = new PGLiteSocketServer({ db, port: 0, host: "127.0.0.1", maxConnections: 20 });
const listens = new Promise((done) => server.addEventListener("listening", (e) => done(e.detail)));
await server.start();
const databaseUrl = `postgres://postgres:postgres@127.0.0.1:${(await listens).port}/postgres`;
const made = {};
for (const [name, build] of Object.entries({ module, common })) {
  await build.runMigrations({ databaseUrl, schema: "stripe" });
  made[name] = (await db.query(count)).rows[0].n;
}
console.log("stripe-sync-engine 0.48.5, tables made by its ES module and its CommonJS build:", made);
assert.equal(made.module, 0);
assert.ok(made.common > 20);
process.exit(0);
NODE
node tables.mjs
