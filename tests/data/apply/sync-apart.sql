-- Revision: aaaaaaaaaaa1
-- Title: case

-- sluice: expand
ALTER TABLE users ADD COLUMN first text;
CREATE INDEX CONCURRENTLY users_seen ON users (seen);
ALTER TABLE users ADD COLUMN last text;

-- sluice: sync users
SELECT a AS first, b AS last;
