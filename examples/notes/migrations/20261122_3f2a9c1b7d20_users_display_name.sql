-- Revision: 3f2a9c1b7d20
-- Revises: 127bcea40bef
-- Title: users display name
-- Created: 2026-11-22T10:30:05Z

-- sluice: expand
ALTER TABLE users ADD COLUMN display_name text;

-- sluice: sync users
SELECT full_name AS display_name;        -- what the old app writes reaches the new column
-- sluice: sync users reverse
SELECT display_name AS full_name;        -- what the new app writes reaches the old column

-- sluice: finish
CREATE INDEX CONCURRENTLY users_display_name ON users (display_name);

-- sluice: contract
ALTER TABLE users DROP COLUMN full_name;

-- sluice: downgrade
ALTER TABLE users DROP COLUMN display_name;
