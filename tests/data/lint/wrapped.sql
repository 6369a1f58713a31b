-- runner: alembic
ALTER TABLE users ADD COLUMN x int;
UPDATE users SET x = 1 WHERE id = 1;
COMMIT;
ALTER TABLE orders ADD COLUMN x int;
