-- hazard column-type-rewrite
ALTER TABLE users ALTER COLUMN age TYPE bigint;

-- hazard column-type-rewrite
ALTER TABLE orders ALTER COLUMN id SET DATA TYPE bigint;

-- hazard column-type-rewrite
-- seeded
ALTER TABLE users ALTER COLUMN name TYPE varchar(20);

-- hazard column-type-rewrite
-- seeded
ALTER TABLE users ALTER COLUMN payload TYPE jsonb USING payload::jsonb;

-- hazard column-type-rewrite
-- seeded
ALTER TABLE users ALTER COLUMN code TYPE text;

-- hazard column-type-rewrite
-- seeded
ALTER TABLE users ALTER COLUMN balance TYPE numeric(12,4);

-- hazard column-type-rewrite
-- seeded
ALTER TABLE users ALTER COLUMN balance TYPE numeric(8,2);

-- hazard column-type-rewrite
-- seeded
ALTER TABLE users ALTER COLUMN mood TYPE text;

-- hazard column-type-rewrite
-- seeded
ALTER TABLE users ALTER COLUMN tags TYPE varchar(10)[];

-- hazard column-type-rewrite
-- seeded
ALTER TABLE users ALTER COLUMN born TYPE timestamp;

-- hazard column-type-rewrite
-- seeded
ALTER TABLE orders ALTER COLUMN state TYPE text USING upper(state);

-- hazard column-type-rewrite
-- seeded
ALTER TABLE orders ALTER COLUMN state TYPE varchar(10);

-- hazard column-type-rewrite
-- seeded
ALTER TABLE orders ALTER COLUMN note TYPE email_address;

-- safe, breaks select-star-cached-plan: longer
-- seeded
ALTER TABLE orders ALTER COLUMN note TYPE varchar(40);

-- safe, breaks select-star-cached-plan
-- seeded
ALTER TABLE orders ALTER COLUMN note TYPE text;

-- safe, breaks select-star-cached-plan
-- seeded
ALTER TABLE orders ALTER COLUMN note TYPE varchar;

-- safe, breaks select-star-cached-plan
-- seeded
ALTER TABLE users ALTER COLUMN balance TYPE numeric(14,2);

-- safe, breaks select-star-cached-plan
-- seeded
ALTER TABLE users ALTER COLUMN balance TYPE numeric;

-- safe, breaks select-star-cached-plan
-- seeded
ALTER TABLE users ALTER COLUMN network TYPE inet;

-- safe, breaks select-star-cached-plan
-- seeded
ALTER TABLE users ALTER COLUMN plan_id TYPE posint;

-- safe, breaks select-star-cached-plan
-- seeded
ALTER TABLE users ALTER COLUMN seen_at TYPE timestamp(6);

-- possible column-type-rewrite: what it was is not known
ALTER TABLE users ALTER COLUMN name TYPE varchar(100);

-- possible column-type-rewrite
ALTER TABLE orders ALTER COLUMN note TYPE text;

-- safe: a table made here
CREATE TABLE fresh (id int, a int);
ALTER TABLE fresh ALTER COLUMN a TYPE bigint;

-- hazard column-type-free-but-not-free: a valid check is tested again
-- seeded
ALTER TABLE users ALTER COLUMN name TYPE text;

-- hazard column-type-plus-not-null
ALTER TABLE orders ALTER COLUMN note TYPE text, ALTER COLUMN note SET NOT NULL;

-- hazard collation-or-operator-change
-- seeded
ALTER TABLE orders ALTER COLUMN state TYPE text COLLATE "C";

-- hazard enum-rename-value
ALTER TYPE mood RENAME VALUE 'sad' TO 'unhappy';

-- safe
ALTER TYPE mood ADD VALUE 'elated' AFTER 'happy';

-- safe
ALTER TYPE mood ADD VALUE IF NOT EXISTS 'elated' AFTER 'happy';

-- hazard enum-new-value-same-tx
-- fails
BEGIN;
ALTER TYPE mood ADD VALUE 'elated' AFTER 'happy';
UPDATE users SET mood = 'elated' WHERE id = 1;
COMMIT;

-- hazard enum-new-value-same-tx
-- fails
BEGIN;
ALTER TYPE mood ADD VALUE 'elated' AFTER 'happy';
ALTER TABLE users ALTER COLUMN mood SET DEFAULT 'elated';
COMMIT;

-- hazard enum-new-value-same-tx
-- runner alembic
-- fails
ALTER TYPE mood ADD VALUE 'elated' AFTER 'happy';
INSERT INTO users (email, name, balance, mood) VALUES ('a', 'b', 1, 'elated');

-- hazard composite-type-change
CREATE TYPE pair AS (a int, b int);
CREATE TABLE pairs (id bigint PRIMARY KEY, p pair);
ALTER TYPE pair ADD ATTRIBUTE c int CASCADE;

-- hazard rename-other-objects
ALTER TYPE mood RENAME TO feeling;

-- hazard rename-other-objects
ALTER VIEW active_users RENAME TO current_users;

-- hazard rename-other-objects
ALTER SEQUENCE tickets RENAME TO numbers;

-- hazard rename-other-objects
ALTER FUNCTION fixed_number() RENAME TO one;

-- hazard table-rename
CREATE SCHEMA old;
ALTER TABLE orders SET SCHEMA old;

-- hazard drop-used-object
DROP VIEW active_users;

-- hazard drop-used-object
DROP FUNCTION fixed_number();

-- hazard drop-used-object
DROP TYPE mood CASCADE;

-- hazard drop-used-object
DROP SEQUENCE tickets;

-- safe: made here
CREATE VIEW scratch AS SELECT 1 AS one;
DROP VIEW scratch;

-- safe
CREATE TYPE colour AS ENUM ('red', 'blue');

-- safe
CREATE DOMAIN short AS text;

-- safe
CREATE FUNCTION two() RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 2';

-- safe
CREATE VIEW everyone AS SELECT id, email FROM users;

-- safe: the same columns, and one more behind them
-- seeded
CREATE OR REPLACE VIEW active_users AS SELECT id, email, full_name FROM users WHERE age > 1;

-- hazard view-replace-incompatible
-- seeded
-- fails
CREATE OR REPLACE VIEW active_users AS SELECT id, email FROM users;

-- hazard view-replace-incompatible
-- seeded
CREATE OR REPLACE VIEW active_users AS SELECT id, email, full_name, age FROM users;

-- hazard identity-sequence-change
-- seeded
ALTER TABLE users ALTER COLUMN id SET GENERATED ALWAYS;

-- hazard identity-sequence-change
ALTER SEQUENCE tickets RESTART WITH 1;

-- safe
CREATE SEQUENCE numbers;

-- hazard extension-update
ALTER EXTENSION plpgsql UPDATE;

-- safe: the key is wide when the file ends
CREATE TABLE visits (id serial PRIMARY KEY, at timestamptz);
ALTER TABLE visits ALTER COLUMN id TYPE bigint;

-- hazard pk-short-type: it is widened, and made short again
CREATE TABLE visits (id serial PRIMARY KEY, at timestamptz);
ALTER TABLE visits ALTER COLUMN id TYPE bigint;
ALTER TABLE visits ALTER COLUMN id TYPE int;
