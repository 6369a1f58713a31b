-- Revision: aaaaaaaaaaa1
-- Title: case

-- sluice: expand
CREATE INDEX CONCURRENTLY users_seen ON users (seen);
ALTER TABLE users ADD COLUMN first text, ADD COLUMN last text;
ALTER TABLE public.users ADD COLUMN middle text;

-- sluice: sync users
SELECT a AS first, b AS last, c AS middle;
