-- Revision: 3f2a9c1b7d20
-- Revises: 127bcea40bef
-- Title: users display name
-- Created: 2026-11-21T20:53:02Z

-- sluice: expand
ALTER TABLE users ADD COLUMN display_name text;

-- sluice: sync users
SELECT full_name AS display_name;        -- what the old app writes reaches the new column
-- sluice: sync users reverse
SELECT display_name AS full_name;

-- sluice: backfill
UPDATE users SET display_name = full_name WHERE display_name IS NULL AND full_name IS NOT NULL;

-- sluice: verify
SELECT id FROM users WHERE display_name IS DISTINCT FROM full_name;

-- sluice: finish
CREATE INDEX CONCURRENTLY users_display_name ON users (display_name);

-- sluice: contract
ALTER TABLE users DROP COLUMN full_name;

-- sluice: downgrade
ALTER TABLE users DROP COLUMN display_name;
