-- safe: a new table with everything that belongs to it
BEGIN;
CREATE TABLE invoices (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    number text NOT NULL UNIQUE,
    total numeric(12,2) NOT NULL CHECK (total >= 0),
    state text NOT NULL DEFAULT 'draft',
    issued_at timestamptz,
    CONSTRAINT invoices_issued CHECK (state = 'draft' OR issued_at IS NOT NULL)
);
CREATE INDEX invoices_state ON invoices (state, issued_at DESC);
CREATE INDEX invoices_open ON invoices (issued_at) WHERE state = 'open';
COMMENT ON TABLE invoices IS 'what customers owe';
GRANT SELECT, INSERT, UPDATE ON invoices TO labelled_app;
COMMIT;

-- safe: two new tables that reference each other
BEGIN;
CREATE TABLE carts (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, opened_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE cart_lines (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    cart_id bigint NOT NULL REFERENCES carts (id) ON DELETE CASCADE,
    sku text NOT NULL,
    quantity int NOT NULL DEFAULT 1
);
CREATE INDEX cart_lines_cart_id ON cart_lines (cart_id);
ALTER TABLE carts ADD COLUMN first_line_id bigint;
CREATE INDEX carts_first_line_id ON carts (first_line_id);
ALTER TABLE carts ADD CONSTRAINT carts_first_line FOREIGN KEY (first_line_id) REFERENCES cart_lines (id);
COMMIT;

-- safe: a lookup table with its rows
CREATE TABLE countries (code text PRIMARY KEY, name text NOT NULL);
INSERT INTO countries (code, name) VALUES ('de', 'Germany'), ('fr', 'France'), ('it', 'Italy');

-- safe: the new table is filled from itself
CREATE TABLE settings (id bigint PRIMARY KEY, name text, value text);
INSERT INTO settings (id, name, value) VALUES (1, 'colour', 'red');
UPDATE settings SET value = 'blue';
DELETE FROM settings WHERE name = 'size';
ALTER TABLE settings ALTER COLUMN name SET NOT NULL;
ALTER TABLE settings ADD CONSTRAINT settings_name_key UNIQUE (name);

-- safe: NOT NULL in steps, each by itself
ALTER TABLE users ADD CONSTRAINT users_created_given CHECK (created_at IS NOT NULL) NOT VALID;
ALTER TABLE users VALIDATE CONSTRAINT users_created_given;
ALTER TABLE users ALTER COLUMN created_at SET NOT NULL;
ALTER TABLE users DROP CONSTRAINT users_created_given;

-- safe: a foreign key in steps
-- seeded
CREATE INDEX CONCURRENTLY users_org_id ON users (org_id);
BEGIN;
SET LOCAL lock_timeout = '1s';
ALTER TABLE users ADD CONSTRAINT users_org FOREIGN KEY (org_id) REFERENCES orgs (id) NOT VALID;
COMMIT;
ALTER TABLE users VALIDATE CONSTRAINT users_org;

-- safe: a primary key over columns that are NOT NULL already
-- seeded
CREATE UNIQUE INDEX CONCURRENTLY events_2027_key ON events_2027 (id, at);
ALTER TABLE events_2027 ADD CONSTRAINT events_2027_pkey PRIMARY KEY USING INDEX events_2027_key;

-- safe: a column and its index, in a runner of one transaction a file
-- runner alembic
ALTER TABLE users ADD COLUMN nickname text;

-- safe: the index follows in a file of its own
-- runner psql
CREATE INDEX CONCURRENTLY users_nickname_lower ON users (lower(full_name), age);

-- safe: flyway knows that such a file cannot be in a transaction
-- runner flyway
CREATE INDEX CONCURRENTLY users_age ON users (age);

-- safe: views are cheap
-- seeded
CREATE VIEW seniors AS SELECT id, email FROM users WHERE age > 60;
GRANT SELECT ON seniors TO labelled_app;

-- safe: a function and a trigger of a new table
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END
$$;
CREATE TABLE stamped (id bigint PRIMARY KEY, updated_at timestamptz);
CREATE TRIGGER stamped_stamp BEFORE UPDATE ON stamped FOR EACH ROW EXECUTE FUNCTION stamp();

-- safe: a function is replaced by one with the same signature
CREATE OR REPLACE FUNCTION fixed_number() RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN 2; END';

-- safe: a DO block that makes what is new
DO $$
BEGIN
    CREATE TABLE made_in_a_block (id bigint PRIMARY KEY);
    CREATE INDEX ON made_in_a_block (id);
END
$$;

-- safe: a literal that looks like DDL
INSERT INTO orgs (id, name) VALUES (1, 'DROP TABLE users; CREATE INDEX x ON y (z)');

-- safe: a dollar-quoted text that looks like DDL
SELECT $text$ ALTER TABLE users DROP COLUMN email; $text$ AS example;

-- safe: a comment that looks like DDL
-- DROP TABLE users;
/* CREATE INDEX users_age ON users (age); */
SELECT 1;

-- safe: the default of an old column, set to what it is
CREATE TABLE fresh (id bigint PRIMARY KEY, n int DEFAULT 1);
ALTER TABLE fresh ALTER COLUMN n SET DEFAULT 2;
ALTER TABLE fresh ALTER COLUMN n DROP DEFAULT;
ALTER TABLE fresh ALTER COLUMN n TYPE bigint;
ALTER TABLE fresh DROP COLUMN n;

-- safe: quoted names are names
CREATE TABLE "Order" (id bigint PRIMARY KEY, "User" bigint);
CREATE INDEX "Order_User" ON "Order" ("User");
ALTER TABLE "Order" RENAME COLUMN "User" TO "Buyer";
DROP INDEX "Order_User";

-- hazard index-create-blocking: quoted names are others
CREATE TABLE "Users" (id bigint PRIMARY KEY);
CREATE INDEX users_age ON users (age);

-- safe: a table made in another schema has its own name
CREATE SCHEMA shop;
CREATE TABLE shop.users (id bigint PRIMARY KEY, email text);
SET search_path = shop;
CREATE INDEX users_mail ON users (email);

-- hazard index-create-blocking: the one made is in another schema
CREATE SCHEMA shop;
CREATE TABLE shop.users (id bigint PRIMARY KEY, email text);
CREATE INDEX users_age ON public.users (age);

-- safe: a table that it makes is renamed
CREATE TABLE draft (id bigint PRIMARY KEY, a int);
ALTER TABLE draft RENAME TO final;
CREATE INDEX final_a ON final (a);
DROP TABLE final;

-- safe: select into
SELECT id, email INTO copies FROM users WHERE false;
CREATE INDEX copies_id ON copies (id);

-- safe: like another table
CREATE TABLE users_copy (LIKE users INCLUDING DEFAULTS);
CREATE INDEX users_copy_email ON users_copy (email);
ALTER TABLE users_copy ADD CONSTRAINT users_copy_age CHECK (age < 200);

-- safe: an index on a partition that it makes
CREATE TABLE visits (id bigint, day date NOT NULL) PARTITION BY RANGE (day);
CREATE TABLE visits_1 PARTITION OF visits FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
CREATE INDEX visits_1_id ON visits_1 (id);
ALTER TABLE visits ADD COLUMN note text;
ALTER TABLE visits ALTER COLUMN note SET NOT NULL;

-- safe: reading is fine, in a transaction too
BEGIN;
SELECT count(*) FROM users WHERE age IS NULL;
SELECT id FROM orders WHERE state = 'open' ORDER BY id LIMIT 10 FOR UPDATE SKIP LOCKED;
COMMIT;

-- safe: one row, by its key
DELETE FROM orders WHERE id = 17;

-- safe: an upsert of some rows
INSERT INTO orgs (id, name) VALUES (1, 'one'), (2, 'two') ON CONFLICT (id) DO UPDATE SET name = excluded.name;

-- safe: a batch
WITH batch AS (SELECT id FROM users WHERE full_name IS NULL ORDER BY id LIMIT 1000)
UPDATE users SET full_name = email FROM batch WHERE users.id = batch.id;

-- safe: statistics target and autovacuum
-- seeded
ALTER TABLE users SET (autovacuum_vacuum_scale_factor = 0.01);

-- safe: validating is done with the app running
-- seeded
ALTER TABLE users VALIDATE CONSTRAINT users_balance_given;
ALTER TABLE users ALTER COLUMN balance SET NOT NULL;

-- safe: an index is given another name, and a constraint is made of one
-- seeded
CREATE UNIQUE INDEX CONCURRENTLY orders_user_id_id ON orders (user_id, id);
ALTER TABLE orders ADD CONSTRAINT orders_user_id_id UNIQUE USING INDEX orders_user_id_id;

-- safe: enum values in files of their own
ALTER TYPE mood ADD VALUE 'angry' BEFORE 'sad';
ALTER TYPE mood ADD VALUE 'elated' AFTER 'happy';

-- safe: a new enum, used at once
BEGIN;
CREATE TYPE colour AS ENUM ('red', 'green');
CREATE TABLE paints (id bigint PRIMARY KEY, colour colour NOT NULL DEFAULT 'red');
INSERT INTO paints (id, colour) VALUES (1, 'green');
COMMIT;

-- safe: a new domain, used at once
CREATE DOMAIN percent AS int CHECK (VALUE BETWEEN 0 AND 100);
CREATE TABLE rates (id bigint PRIMARY KEY, rate percent);

-- safe: a sequence of one's own
CREATE SEQUENCE parcel_numbers START 1000;
CREATE TABLE parcels (id bigint PRIMARY KEY DEFAULT nextval('parcel_numbers'));
ALTER SEQUENCE parcel_numbers OWNED BY parcels.id;

-- safe: an extension and an index that needs it, of a new table
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE TABLE texts (id bigint PRIMARY KEY, body text);
CREATE INDEX texts_body ON texts USING gin (body gin_trgm_ops);

-- safe: rights for a new role
GRANT USAGE ON SCHEMA public TO labelled_app;
GRANT SELECT ON users, orders TO labelled_app;

-- safe: what is not there is not dropped
-- seeded
DROP TABLE IF EXISTS no_such_table;
DROP INDEX IF EXISTS no_such_index;
ALTER TABLE IF EXISTS no_such_table DROP COLUMN a;

-- safe: it exists, nothing happens
-- seeded
ALTER TABLE users ADD COLUMN IF NOT EXISTS email text;

-- safe: a savepoint that is kept
BEGIN;
SAVEPOINT one;
CREATE TABLE fresh (id bigint PRIMARY KEY);
RELEASE one;
CREATE INDEX fresh_id ON fresh (id);
COMMIT;

-- safe: set_config bounds the wait as SET does
SELECT set_config('lock_timeout', '2s', false);
ALTER TABLE users ADD COLUMN nickname text;

-- hazard missing-lock-timeout: it went with the transaction
BEGIN;
SET LOCAL lock_timeout = '1s';
COMMIT;
ALTER TABLE users ADD COLUMN nickname text;

-- safe: nothing at all

-- safe: just a semicolon and blanks
;   ;

-- safe: detach, then drop what is nobody's any more
ALTER TABLE events DETACH PARTITION events_2025 CONCURRENTLY;

-- hazard table-drop: and what was in it
ALTER TABLE events DETACH PARTITION events_2025 CONCURRENTLY;
DROP TABLE events_2025;

-- safe: a check that cannot be violated by rows that are not there
CREATE TABLE fresh (id bigint PRIMARY KEY, at timestamptz);
ALTER TABLE fresh ADD CONSTRAINT fresh_at CHECK (at > '2020-01-01');

-- safe: columns of a temporary table
CREATE TEMPORARY TABLE staging (id int PRIMARY KEY, a int) ON COMMIT DROP;

-- safe: logged once it is filled
CREATE UNLOGGED TABLE staging (id bigint PRIMARY KEY, a int);
ALTER TABLE staging SET LOGGED;

-- safe: an analyze after an index on an expression
CREATE INDEX CONCURRENTLY users_email_lower ON users (lower(email));
ANALYZE users;

-- hazard expression-index-no-stats
CREATE INDEX CONCURRENTLY users_email_lower ON users (lower(email));

-- safe: a materialized view of its own
CREATE MATERIALIZED VIEW by_state AS SELECT state, count(*) AS n FROM orders GROUP BY state;
CREATE UNIQUE INDEX by_state_state ON by_state (state);
REFRESH MATERIALIZED VIEW by_state;

-- safe: a view is replaced by one with the same columns
-- seeded
CREATE OR REPLACE VIEW active_users AS SELECT id, email, full_name FROM users WHERE age > 18;

-- safe: the statement timeout is lifted for what takes long
SET statement_timeout = 0;
SET lock_timeout = 0;
ALTER TABLE users VALIDATE CONSTRAINT users_balance_given;

-- safe: one explicit lock, bounded, the weakest that does
BEGIN;
SET LOCAL lock_timeout = '500ms';
LOCK TABLE orgs IN SHARE UPDATE EXCLUSIVE MODE;
COMMIT;

-- safe: two columns with defaults of every cheap kind
ALTER TABLE orders ADD COLUMN a text DEFAULT 'x', ADD COLUMN b timestamptz DEFAULT transaction_timestamp();

-- safe: an array of constants, a range, a cast
ALTER TABLE orders ADD COLUMN a text[] DEFAULT '{}', ADD COLUMN b int4range DEFAULT 'empty', ADD COLUMN c int DEFAULT '7'::int;

-- safe: coalesce and nullif of constants
ALTER TABLE orders ADD COLUMN a text DEFAULT coalesce(NULL, 'a'), ADD COLUMN b text DEFAULT nullif('a', 'b');

-- safe: an explicit schema of the server's own
ALTER TABLE orders ADD COLUMN a timestamptz DEFAULT pg_catalog.now();

-- hazard column-add-volatile-default: an explicit schema
ALTER TABLE orders ADD COLUMN a float DEFAULT pg_catalog.random();

-- safe: NOT VALID on a table that is new means nothing, and harms nobody
CREATE TABLE fresh (id bigint PRIMARY KEY, a int);
ALTER TABLE fresh ADD CONSTRAINT fresh_a CHECK (a > 0) NOT VALID;
ALTER TABLE fresh VALIDATE CONSTRAINT fresh_a;

-- safe: rows are copied in, of a new table
CREATE TABLE fresh (id bigint PRIMARY KEY, email text);
INSERT INTO fresh (id, email) SELECT id, email FROM users WHERE id < 1000;
