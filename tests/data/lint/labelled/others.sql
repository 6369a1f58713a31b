-- safe: squawk, a foreign key beside its new column
BEGIN;
ALTER TABLE orders ADD COLUMN org_id bigint;
ALTER TABLE orders ADD CONSTRAINT orders_org FOREIGN KEY (org_id) REFERENCES orgs (id) NOT VALID;
COMMIT;

-- safe: Alembic notes its version
CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY);
BEGIN;
ALTER TABLE users ADD COLUMN nickname text;
UPDATE alembic_version SET version_num = 'b' WHERE alembic_version.version_num = 'a';
COMMIT;

-- safe: Rails notes its version
CREATE TABLE schema_migrations (version text PRIMARY KEY);
BEGIN;
ALTER TABLE users ADD nickname character varying;
INSERT INTO schema_migrations (version) VALUES ('20240101000000') RETURNING version;
COMMIT;

-- hazard backfill-in-ddl-transaction: strong_migrations, backfilling
-- runner rails
ALTER TABLE users ADD nickname text;
UPDATE users SET nickname = 'none';

-- possible backfill-in-ddl-transaction: how many rows have that state?
BEGIN;
ALTER TABLE users ADD nickname text;
UPDATE orders SET note = 'x' WHERE state = 'y';
COMMIT;

-- possible multi-table-strong-locks: Kilo-Org/cloud#5040
BEGIN;
ALTER TABLE users ADD COLUMN a int;
ALTER TABLE orders ADD COLUMN a int;
COMMIT;

-- hazard statement-after-access-exclusive: eugene E4
BEGIN;
ALTER TABLE users ADD COLUMN nickname text;
SELECT count(*) FROM users;
COMMIT;

-- safe: an index that only waits for its partitions'
CREATE INDEX events_kind ON ONLY events (kind);

-- possible index-create-blocking: the same, if it is no partitioned table
CREATE INDEX events_kind ON ONLY events (kind);

-- hazard missing-lock-timeout: SET LOCAL ended with its transaction
BEGIN;
SET LOCAL lock_timeout = '1s';
ALTER TABLE users ADD COLUMN a int;
COMMIT;
ALTER TABLE users ADD COLUMN b int;

-- possible timeout-ineffective: eugene takes a file for a transaction
SET LOCAL lock_timeout = '2s';
ALTER TABLE users ADD COLUMN a int;

-- safe: eugene takes a file for a transaction
SET LOCAL lock_timeout = '2s';
ALTER TABLE users ADD COLUMN a int;

-- possible concurrently-in-transaction: Flyway does not mix
-- runner flyway
SET statement_timeout = 0;
CREATE INDEX CONCURRENTLY users_age ON users (age);

-- safe: sql-migrate's way down is not run behind its way up
-- +migrate Up
CREATE TABLE people (id bigint PRIMARY KEY);
-- +migrate Down

-- safe: goose runs the statements one by one
-- +goose NO TRANSACTION
-- +goose Up
CREATE INDEX CONCURRENTLY users_age ON users (age);
CREATE INDEX CONCURRENTLY users_born ON users (born);

-- possible index-too-wide: strong_migrations
CREATE INDEX CONCURRENTLY wide ON users (age, born, code, score);

-- safe: a unique one is as wide as its key
CREATE UNIQUE INDEX CONCURRENTLY wide ON users (age, born, code, score);

-- possible enum-create: eugene W13
CREATE TYPE document_type AS ENUM ('invoice', 'receipt', 'other');

-- possible enum-append-order: squawk
ALTER TYPE mood ADD VALUE 'angry';

-- safe
ALTER TYPE mood ADD VALUE 'angry' BEFORE 'sad';

-- possible column-sti-discriminator: online_migrations
ALTER TABLE users ADD "type" varchar DEFAULT 'Member';

-- possible comment-stats-blocked
COMMENT ON TABLE users IS 'people';

-- safe: nobody waits for a new table
CREATE TABLE people (id bigint PRIMARY KEY);
COMMENT ON TABLE people IS 'people';

-- hazard reindex-blocking: it cannot run CONCURRENTLY
-- fails
BEGIN;
REINDEX SYSTEM postgres;

-- possible replica-identity
ALTER TABLE users REPLICA IDENTITY FULL;

-- hazard column-drop: the server refuses, for a view reads it
-- seeded
-- fails
ALTER TABLE users DROP COLUMN org_id;

-- hazard table-drop: the server refuses, for foreign keys name it
-- seeded
-- fails
DROP TABLE orgs;

-- hazard column-set-not-null: a row is NOT NULL when each of its fields is
-- seeded
ALTER TABLE homes ALTER COLUMN home SET NOT NULL;

-- safe: the CHECK is within the bounds
-- seeded
CREATE TABLE events_2031 (LIKE events INCLUDING ALL);
ALTER TABLE events_2031 ADD CHECK (at >= '2031-02-01' AND at < '2031-06-01');
ALTER TABLE events ATTACH PARTITION events_2031 FOR VALUES FROM ('2031-01-01') TO ('2032-01-01');

-- safe: a list in the words of the bound
CREATE TABLE kinds (kind text NOT NULL) PARTITION BY LIST (kind);
CREATE TABLE kinds_a (kind text NOT NULL CHECK (kind IN ('a', 'b')));
ALTER TABLE kinds ATTACH PARTITION kinds_a FOR VALUES IN ('a', 'b', 'c');

-- possible schema-drop: Atlas DS101
DROP SCHEMA vacant;

-- possible unique-add-breaks-writers
CREATE UNIQUE INDEX CONCURRENTLY orders_note ON orders (note);

-- safe: Django's way to NOT NULL
ALTER TABLE users ADD CONSTRAINT age_notnull CHECK (age IS NOT NULL) NOT VALID;
ALTER TABLE users VALIDATE CONSTRAINT age_notnull;
ALTER TABLE users ALTER COLUMN age SET NOT NULL;
ALTER TABLE users DROP CONSTRAINT age_notnull;

-- safe: GitLab
SET lock_timeout TO '50ms';
ALTER TABLE orders ADD CONSTRAINT orders_users FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE NOT VALID;
RESET lock_timeout;
SET statement_timeout TO 0;
ALTER TABLE orders VALIDATE CONSTRAINT orders_users;
RESET statement_timeout;

-- safe: Prisma and Drizzle make all in one file
CREATE TABLE "User" ("id" text NOT NULL, "email" text NOT NULL, CONSTRAINT "User_pkey" PRIMARY KEY ("id"));
--> statement-breakpoint
CREATE UNIQUE INDEX "User_email_key" ON "User" ("email");

-- hazard column-add-required: Prisma
-- fails
ALTER TABLE users ADD COLUMN     "Name" TEXT NOT NULL;

-- safe: strings that only look like statements
ALTER TABLE users ADD COLUMN a text DEFAULT E'it\'s; DROP TABLE users;'; /* /* DROP */ TABLE users; */

-- safe: batches in a body
DO $$
BEGIN
  UPDATE users SET full_name = lower(full_name)
    WHERE id IN (SELECT id FROM users WHERE full_name <> lower(full_name) LIMIT 1000);
END $$;

-- hazard drop-used-object: all that a role has
DROP OWNED BY labelled_app;

-- possible drop-used-object
DROP ROLE labelled_app;

-- hazard drop-used-object
CREATE AGGREGATE total (int) (sfunc = int4pl, stype = int, initcond = '0');
BEGIN;
DROP AGGREGATE IF EXISTS total (text);
COMMIT;

-- possible privilege-change
REASSIGN OWNED BY labelled_app TO CURRENT_USER;

-- possible replica-identity: a primary key by its name
ALTER TABLE orders DROP CONSTRAINT orders_pkey;

-- safe: settings of a role are part of a schema
ALTER ROLE labelled_app SET lock_timeout = '2s';

-- safe: so are those of a database
ALTER DATABASE postgres SET timezone = 'UTC';

-- safe: nothing of it lasts
BEGIN;
DROP TABLE items;
ROLLBACK;

-- hazard table-drop: what is rolled back is another transaction
BEGIN;
ALTER TABLE users ADD COLUMN age2 int;
ROLLBACK;
DROP TABLE items;

-- safe: rights of what is not there yet
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
