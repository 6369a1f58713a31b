-- hazard index-create-blocking
CREATE INDEX users_age ON users (age);

-- hazard index-create-blocking
CREATE UNIQUE INDEX orders_note ON orders (note);

-- hazard index-create-blocking
CREATE INDEX IF NOT EXISTS users_age ON public.users (age);

-- hazard index-create-blocking
BEGIN;
CREATE INDEX users_age ON users USING btree (age) WHERE age IS NOT NULL;
COMMIT;

-- hazard index-create-blocking
CREATE INDEX users_payload ON users USING gin ((payload::jsonb));

-- hazard index-create-blocking: the new table is another one
CREATE TABLE fresh (id bigint);
CREATE INDEX users_age ON users (age);

-- safe
CREATE INDEX CONCURRENTLY users_age ON users (age);

-- safe
CREATE UNIQUE INDEX CONCURRENTLY orders_note ON orders (note);

-- safe: nobody uses it yet
CREATE TABLE fresh (id bigint PRIMARY KEY, email text);
CREATE INDEX fresh_email ON fresh (email);

-- safe: the same in a transaction
BEGIN;
CREATE TABLE fresh (id bigint PRIMARY KEY, email text);
CREATE UNIQUE INDEX fresh_email ON fresh (email);
INSERT INTO fresh (id, email) VALUES (1, 'a');
CREATE INDEX fresh_both ON fresh (email, id);
COMMIT;

-- safe: a temporary table is nobody else's
CREATE TEMP TABLE work (id bigint);
CREATE INDEX ON work (id);

-- safe: schema-qualified, made here
CREATE SCHEMA shop;
CREATE TABLE shop.fresh (id bigint);
CREATE INDEX fresh_id ON shop.fresh (id);

-- safe: made from a query here
CREATE TABLE copy_of_orders AS SELECT * FROM orders WHERE false;
CREATE INDEX copy_of_orders_id ON copy_of_orders (id);

-- safe: on a materialized view made here
CREATE MATERIALIZED VIEW by_mood AS SELECT mood, count(*) AS n FROM users GROUP BY mood;
CREATE UNIQUE INDEX by_mood_mood ON by_mood (mood);

-- hazard index-drop-blocking
DROP INDEX orders_state;

-- hazard index-drop-blocking
DROP INDEX IF EXISTS orders_state;

-- hazard index-drop-blocking
DROP INDEX public.orders_state, orders_user_id;

-- safe
DROP INDEX CONCURRENTLY orders_state;

-- safe: an index that this file made, of a table that it made
CREATE TABLE fresh (id bigint);
CREATE INDEX fresh_id ON fresh (id);
DROP INDEX fresh_id;

-- hazard reindex-blocking
REINDEX INDEX orders_state;

-- hazard reindex-blocking
REINDEX TABLE orders;

-- hazard reindex-blocking
REINDEX (VERBOSE) TABLE orders;

-- safe
REINDEX INDEX CONCURRENTLY orders_state;

-- safe
REINDEX TABLE CONCURRENTLY orders;

-- hazard concurrently-in-transaction
-- fails
BEGIN;
CREATE INDEX CONCURRENTLY users_age ON users (age);
COMMIT;

-- hazard concurrently-in-transaction
-- runner alembic
-- fails
CREATE INDEX CONCURRENTLY users_age ON users (age);

-- hazard concurrently-in-transaction
-- runner rails
-- fails
DROP INDEX CONCURRENTLY orders_state;

-- hazard concurrently-in-transaction
-- fails
BEGIN;
REINDEX TABLE CONCURRENTLY orders;
COMMIT;

-- hazard concurrently-in-transaction
-- fails
BEGIN;
ALTER TABLE events DETACH PARTITION events_2025 CONCURRENTLY;
COMMIT;

-- hazard concurrently-in-transaction
-- fails
BEGIN;
VACUUM orders;
COMMIT;

-- safe: the transaction is over
BEGIN;
ALTER TABLE users ADD COLUMN nickname text;
COMMIT;
CREATE INDEX CONCURRENTLY users_nickname ON users (nickname);

-- safe: rolled back before it
BEGIN;
SELECT 1;
ROLLBACK;
CREATE INDEX CONCURRENTLY users_age ON users (age);

-- hazard cic-leftover-invalid
CREATE INDEX CONCURRENTLY IF NOT EXISTS users_age ON users (age);

-- safe: what is left of a failed one goes first
DROP INDEX CONCURRENTLY IF EXISTS users_age;
CREATE INDEX CONCURRENTLY users_age ON users (age);

-- hazard index-create-partitioned-parent
-- seeded
CREATE INDEX events_kind ON events (kind);

-- hazard index-create-partitioned-parent
-- seeded
-- fails
CREATE INDEX CONCURRENTLY events_kind ON events (kind);

-- safe: on the parent alone, then leaf by leaf
-- seeded
CREATE INDEX events_kind ON ONLY events (kind);
CREATE INDEX CONCURRENTLY events_2025_kind ON events_2025 (kind);
ALTER INDEX events_kind ATTACH PARTITION events_2025_kind;
CREATE INDEX CONCURRENTLY events_2026_kind ON events_2026 (kind);
ALTER INDEX events_kind ATTACH PARTITION events_2026_kind;

-- hazard index-replace-gap
DROP INDEX CONCURRENTLY orders_state;
CREATE INDEX CONCURRENTLY orders_state_placed ON orders (state, placed);

-- safe: the new one first
CREATE INDEX CONCURRENTLY orders_state_placed ON orders (state, placed);
DROP INDEX CONCURRENTLY orders_state;

-- safe: an index has another name, and that takes no strong lock
ALTER INDEX orders_state RENAME TO orders_by_state;

-- hazard unique-may-fail
CREATE UNIQUE INDEX CONCURRENTLY users_full_name_key ON users (full_name);

-- safe: unique over a new column, all NULL
ALTER TABLE users ADD COLUMN handle text;
CREATE UNIQUE INDEX CONCURRENTLY users_handle ON users (handle);

-- safe
CREATE INDEX CONCURRENTLY orders_placed_brin ON orders USING brin (placed);

-- safe
CREATE INDEX CONCURRENTLY orders_open ON orders (placed) WHERE state = 'open';

-- hazard index-create-blocking: Alembic's one transaction
-- runner alembic
CREATE INDEX users_age ON users (age);

-- safe: made in the same migration
-- runner alembic
CREATE TABLE fresh (id bigint PRIMARY KEY, note text);
CREATE INDEX fresh_note ON fresh (note);

-- hazard index-drop-blocking: CONCURRENTLY takes one name
-- fails
DROP INDEX CONCURRENTLY users_full_name, orders_state;

-- hazard index-drop-blocking: CONCURRENTLY does not go with CASCADE
-- fails
DROP INDEX CONCURRENTLY orders_state CASCADE;

-- hazard index-create-partitioned-parent: refused of a new one too
-- fails
CREATE TABLE visits (at timestamptz NOT NULL, page text) PARTITION BY RANGE (at);
CREATE INDEX CONCURRENTLY visits_page ON visits (page);

-- safe: of one that has no partition yet
CREATE TABLE visits (at timestamptz NOT NULL, page text) PARTITION BY RANGE (at);
CREATE INDEX visits_page ON visits (page);

-- possible cic-leftover-invalid: nothing says that one has failed
CREATE INDEX CONCURRENTLY IF NOT EXISTS users_age ON users (age);

-- possible index-create-blocking: the table may have been there
CREATE TABLE IF NOT EXISTS visits (id bigint PRIMARY KEY, at timestamptz);
CREATE INDEX visits_at ON visits (at);

-- safe: the schema is known, so that the table is new
-- seeded
CREATE TABLE IF NOT EXISTS visits (id bigint PRIMARY KEY, at timestamptz);
CREATE INDEX visits_at ON visits (at);
