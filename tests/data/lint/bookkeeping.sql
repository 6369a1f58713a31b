-- runner: psql
BEGIN;
ALTER TABLE users ADD COLUMN a int;
UPDATE alembic_version SET version_num = 'b' WHERE alembic_version.version_num = 'a';
COMMIT;
BEGIN;
ALTER TABLE users ADD COLUMN b int;
INSERT INTO schema_migrations (version) VALUES ('20240101000000') RETURNING version;
COMMIT;
BEGIN;
ALTER TABLE users ADD COLUMN c int;
UPDATE orders SET a = 1 WHERE b = 2;
UPDATE orders SET a = 1;
COMMIT;
