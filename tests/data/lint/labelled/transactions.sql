-- safe: one short change, its wait bounded
BEGIN;
SET LOCAL lock_timeout = '1s';
ALTER TABLE users ADD COLUMN nickname text;
COMMIT;

-- safe
SET lock_timeout = '1s';
ALTER TABLE users ADD COLUMN nickname text;

-- hazard missing-lock-timeout
ALTER TABLE users ADD COLUMN nickname text;

-- hazard timeout-ineffective: 0 is none
SET lock_timeout = 0;
ALTER TABLE users ADD COLUMN nickname text;

-- hazard timeout-ineffective: LOCAL outside a transaction
SET LOCAL lock_timeout = '1s';
ALTER TABLE users ADD COLUMN nickname text;

-- hazard timeout-ineffective: behind it
ALTER TABLE users ADD COLUMN nickname text;
SET lock_timeout = '1s';

-- hazard timeout-ineffective
SET lock_timeout = '1s';
RESET lock_timeout;
ALTER TABLE users ADD COLUMN nickname text;

-- hazard timeout-hostile-to-concurrently
SET lock_timeout = '500ms';
CREATE INDEX CONCURRENTLY users_age ON users (age);

-- hazard timeout-hostile-to-concurrently
SET statement_timeout = '5s';
CREATE INDEX CONCURRENTLY users_age ON users (age);

-- safe
SET lock_timeout = 0;
SET statement_timeout = 0;
CREATE INDEX CONCURRENTLY users_age ON users (age);

-- hazard backfill-in-ddl-transaction
BEGIN;
ALTER TABLE users ADD COLUMN nickname text;
UPDATE users SET nickname = full_name WHERE nickname IS NULL;
COMMIT;

-- hazard backfill-in-ddl-transaction
-- runner alembic
ALTER TABLE users ADD COLUMN nickname text;
UPDATE users SET nickname = full_name;

-- hazard backfill-in-ddl-transaction
-- runner rails
ALTER TABLE users ADD COLUMN nickname text;
DELETE FROM orders WHERE state = 'old';

-- hazard unbatched-dml
UPDATE users SET full_name = email;

-- hazard unbatched-dml
DELETE FROM orders WHERE placed < '2020-01-01';

-- safe
UPDATE users SET full_name = email WHERE id = 17;

-- safe
UPDATE users SET full_name = email WHERE id BETWEEN 1 AND 1000;

-- safe
DELETE FROM orders WHERE id IN (SELECT id FROM orders WHERE state = 'old' LIMIT 1000);

-- safe: rows of its own table
CREATE TABLE fresh (id bigint, a int);
UPDATE fresh SET a = 1;

-- hazard multi-table-strong-locks
BEGIN;
ALTER TABLE users ADD COLUMN nickname text;
ALTER TABLE orders ADD COLUMN remark text;
COMMIT;

-- hazard multi-table-strong-locks
-- runner flyway
ALTER TABLE users ADD COLUMN nickname text;
ALTER TABLE orders ADD COLUMN remark text;

-- safe: one transaction each
ALTER TABLE users ADD COLUMN nickname text;
ALTER TABLE orders ADD COLUMN remark text;

-- safe: the other one is new
BEGIN;
ALTER TABLE users ADD COLUMN nickname text;
CREATE TABLE fresh (id bigint PRIMARY KEY);
ALTER TABLE fresh ADD COLUMN a int;
COMMIT;

-- hazard statement-after-access-exclusive
BEGIN;
ALTER TABLE users ADD COLUMN nickname text;
SELECT count(*) FROM orders;
COMMIT;

-- hazard ax-then-wait
BEGIN;
ALTER TABLE users ADD COLUMN nickname text;
SELECT pg_sleep(0.01);
COMMIT;

-- hazard ax-then-wait
BEGIN;
ALTER TABLE users ADD COLUMN nickname text;
CREATE INDEX orders_note ON orders (note);
COMMIT;

-- hazard rewrite-under-lock
BEGIN;
ALTER TABLE orgs ADD COLUMN size int;
ALTER TABLE users ALTER COLUMN age TYPE bigint;
COMMIT;

-- hazard lock-upgrade-in-tx
BEGIN;
UPDATE users SET age = 2 WHERE id = 1;
ALTER TABLE users ADD COLUMN nickname text;
COMMIT;

-- hazard multiple-alter-same-table
BEGIN;
ALTER TABLE users ADD COLUMN a text;
ALTER TABLE users ADD COLUMN b text;
COMMIT;

-- safe
ALTER TABLE users ADD COLUMN a text, ADD COLUMN b text;

-- hazard transaction-nesting
BEGIN;
BEGIN;
ALTER TABLE users ADD COLUMN a text;
COMMIT;

-- hazard transaction-nesting
ALTER TABLE users ADD COLUMN a text;
COMMIT;

-- hazard transaction-nesting: never committed
BEGIN;
ALTER TABLE users ADD COLUMN a text;

-- safe: rolled back to a savepoint
BEGIN;
SAVEPOINT one;
ALTER TABLE users ADD COLUMN a text;
ROLLBACK TO one;
COMMIT;

-- hazard two-phase-leftover
BEGIN;
ALTER TABLE users ADD COLUMN a text;
PREPARE TRANSACTION 'later';

-- hazard not-valid-never-validated
ALTER TABLE users ADD CONSTRAINT users_score CHECK (score >= 0) NOT VALID;

-- safe
BEGIN;
SELECT 1;
COMMIT;

-- safe: a transaction with one table's changes, merged
BEGIN;
SET LOCAL lock_timeout = '1s';
ALTER TABLE users ADD COLUMN a text, ADD COLUMN b text, ALTER COLUMN code SET DEFAULT 'x';
COMMIT;

-- hazard index-create-blocking: the table was made by a transaction that was rolled back
-- fails
BEGIN;
CREATE TABLE fresh (id bigint);
ROLLBACK;
CREATE INDEX fresh_id ON fresh (id);

-- safe: rolled back, so nothing is left to be blocked by
BEGIN;
CREATE TABLE fresh (id bigint);
CREATE INDEX fresh_id ON fresh (id);
ROLLBACK;

-- safe: comments before the words
/* a comment */ BEGIN;
-- and one more
CREATE TABLE fresh (id bigint);
CREATE INDEX fresh_id ON fresh (id);
/* end */ COMMIT;

-- hazard suppression-hygiene
-- sluice: allow index-create-blocking
CREATE INDEX users_age ON users (age);

-- safe
-- sluice: allow index-create-blocking because the table holds ten rows
CREATE INDEX users_age ON users (age);

-- hazard suppression-hygiene
-- sluice: allow no-such-rule because I say so
SELECT 1;

-- hazard temp-table-and-pool
-- runner psql
SET SESSION statement_timeout = '10s';
CREATE TEMP TABLE work (id bigint);

-- possible timeout-hostile-to-concurrently: it fails only if somebody is slower
SET lock_timeout = '2s';
CREATE INDEX CONCURRENTLY users_age ON users (age);

-- safe: one and the same limit for both
SET statement_timeout = '2s';
SET lock_timeout = '2s';
ALTER TABLE users ADD COLUMN nickname text;

-- possible missing-lock-timeout: it is there, but long
SET lock_timeout = '10min';
ALTER TABLE users ADD COLUMN nickname text;

-- possible unbatched-dml: a loop without COMMIT is one transaction
DO $$
DECLARE
    n int;
BEGIN
    LOOP
        UPDATE users SET age = 1 WHERE id IN (SELECT id FROM users WHERE age IS NULL LIMIT 1000);
        GET DIAGNOSTICS n = ROW_COUNT;
        EXIT WHEN n = 0;
    END LOOP;
END $$;

-- safe: a transaction a turn
DO $$
DECLARE
    n int;
BEGIN
    LOOP
        UPDATE users SET age = 1 WHERE id IN (SELECT id FROM users WHERE age IS NULL LIMIT 1000);
        GET DIAGNOSTICS n = ROW_COUNT;
        EXIT WHEN n = 0;
        COMMIT;
    END LOOP;
END $$;

-- possible unbatched-dml: as many rows as the other table has
MERGE INTO users USING orgs ON users.org_id = orgs.id WHEN MATCHED THEN UPDATE SET full_name = orgs.name;

-- safe: as many rows as are written out
MERGE INTO orgs USING (VALUES (1, 'free'), (2, 'paid')) AS plans (id, plan) ON orgs.id = plans.id
WHEN MATCHED THEN UPDATE SET plan = plans.plan;
