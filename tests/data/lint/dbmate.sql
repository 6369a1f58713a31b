-- migrate:up
SET lock_timeout = '2s';
ALTER TABLE users ADD COLUMN x int;
DELETE FROM orders;

-- migrate:down
VACUUM FULL users;
