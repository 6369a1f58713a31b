-- hazard table-drop
DROP TABLE items;

-- hazard table-drop
DROP TABLE IF EXISTS items CASCADE;

-- safe: its own
CREATE TABLE scratch (id bigint);
DROP TABLE scratch;

-- safe
CREATE TEMP TABLE scratch (id bigint);
DROP TABLE scratch;

-- hazard table-rename
ALTER TABLE items RENAME TO lines;

-- safe: a view keeps the old name alive
BEGIN;
ALTER TABLE items RENAME TO lines;
CREATE VIEW items AS SELECT * FROM lines;
COMMIT;

-- hazard schema-rename
CREATE SCHEMA one;
ALTER SCHEMA public RENAME TO main;

-- hazard schema-drop
DROP SCHEMA public CASCADE;

-- safe
CREATE SCHEMA scratch;
DROP SCHEMA scratch;

-- hazard create-table-force
DROP TABLE IF EXISTS items;
CREATE TABLE items (id bigint PRIMARY KEY);

-- hazard truncate
TRUNCATE items;

-- hazard truncate-cascade
TRUNCATE users CASCADE;

-- safe
CREATE TABLE scratch (id bigint);
TRUNCATE scratch;

-- hazard table-rewrite-maintenance
VACUUM FULL orders;

-- hazard table-rewrite-maintenance
CLUSTER orders USING orders_pkey;

-- safe
VACUUM (ANALYZE) orders;

-- safe
ANALYZE orders;

-- hazard set-logged-unlogged
ALTER TABLE items SET UNLOGGED;

-- hazard lock-table-explicit
BEGIN;
LOCK TABLE users;
COMMIT;

-- hazard lock-table-explicit
BEGIN;
LOCK TABLE users IN ACCESS EXCLUSIVE MODE;
UPDATE users SET age = 1 WHERE id = 1;
COMMIT;

-- safe: does not wait
BEGIN;
LOCK TABLE users IN SHARE MODE NOWAIT;
COMMIT;

-- hazard partition-detach-blocking
ALTER TABLE events DETACH PARTITION events_2025;

-- safe
ALTER TABLE events DETACH PARTITION events_2025 CONCURRENTLY;

-- hazard partition-create-of
CREATE TABLE events_2028 PARTITION OF events FOR VALUES FROM ('2028-01-01') TO ('2029-01-01');

-- hazard partition-attach-scan
ALTER TABLE events ATTACH PARTITION events_2027 FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');

-- safe: a check proves the bounds
-- seeded
ALTER TABLE events_2027 ADD CONSTRAINT events_2027_bounds CHECK (at IS NOT NULL AND at >= '2027-01-01' AND at < '2028-01-01') NOT VALID;
ALTER TABLE events_2027 VALIDATE CONSTRAINT events_2027_bounds;
ALTER TABLE events ATTACH PARTITION events_2027 FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');

-- hazard partition-attach-scan: the default partition is searched
-- seeded
CREATE TABLE logs_us (id bigint NOT NULL, region text NOT NULL, line text, CHECK (region IS NOT NULL AND region = 'us'));
ALTER TABLE logs ATTACH PARTITION logs_us FOR VALUES IN ('us');

-- hazard partition-drop
-- seeded
DROP TABLE events_2025;

-- hazard partition-recursion
-- seeded
ALTER TABLE events ALTER COLUMN kind SET NOT NULL;

-- hazard fk-not-valid-partitioned
-- seeded
-- fails
ALTER TABLE events ADD CONSTRAINT events_user FOREIGN KEY (id) REFERENCES users (id) NOT VALID;

-- safe: a table with partitions, all new
CREATE TABLE visits (id bigint, day date NOT NULL) PARTITION BY RANGE (day);
CREATE TABLE visits_1 PARTITION OF visits FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
CREATE INDEX visits_id ON visits (id);

-- hazard refresh-mv-blocking
REFRESH MATERIALIZED VIEW totals;

-- safe
-- seeded
REFRESH MATERIALIZED VIEW CONCURRENTLY counts;

-- hazard refresh-mv-blocking
-- seeded
-- fails
REFRESH MATERIALIZED VIEW CONCURRENTLY totals;

-- hazard trigger-change
DROP TRIGGER users_touch ON users;

-- hazard trigger-change
ALTER TABLE users DISABLE TRIGGER ALL;

-- safe: made here
CREATE TABLE fresh (id bigint PRIMARY KEY);
CREATE TRIGGER fresh_touch BEFORE UPDATE ON fresh FOR EACH ROW EXECUTE FUNCTION touch();

-- hazard rule-change
CREATE RULE no_delete AS ON DELETE TO items DO INSTEAD NOTHING;

-- hazard rls-change
ALTER TABLE users ENABLE ROW LEVEL SECURITY;

-- hazard rls-change
ALTER TABLE users FORCE ROW LEVEL SECURITY;

-- hazard rls-change
CREATE POLICY own ON users USING (true);

-- safe
CREATE TABLE fresh (id bigint PRIMARY KEY, owner text);
CREATE POLICY own ON fresh USING (owner = current_user);
ALTER TABLE fresh ENABLE ROW LEVEL SECURITY;

-- hazard privilege-change
REVOKE INSERT ON users FROM labelled_app;

-- safe
GRANT SELECT ON users TO labelled_app;

-- hazard privilege-change
CREATE FUNCTION secret() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';

-- safe
CREATE FUNCTION secret() RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS 'SELECT 1';

-- hazard replica-identity
ALTER TABLE orders REPLICA IDENTITY NOTHING;

-- hazard replica-identity
-- seeded
ALTER TABLE orders DROP CONSTRAINT orders_pkey;

-- hazard publication-change
CREATE PUBLICATION everything FOR ALL TABLES;

-- hazard event-trigger
ALTER SYSTEM SET work_mem = '64MB';

-- hazard inherit-recursion
CREATE TABLE child () INHERITS (items);
ALTER TABLE items ADD COLUMN extra int;

-- safe: inserts are the app's daily work
INSERT INTO orgs (id, name) VALUES (1, 'one');

-- safe
SELECT count(*) FROM users;

-- safe
CREATE TABLE fresh (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);

-- safe
CREATE EXTENSION IF NOT EXISTS plpgsql;

-- safe
CREATE STATISTICS users_age_mood ON age, mood FROM users;

-- hazard partition-detach-blocking: CONCURRENTLY is refused beside a DEFAULT partition
-- seeded
-- fails
ALTER TABLE logs DETACH PARTITION logs_eu CONCURRENTLY;

-- safe: nothing else would do
-- seeded
SET lock_timeout = '1s';
ALTER TABLE logs DETACH PARTITION logs_eu;
