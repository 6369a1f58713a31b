-- Revision: 3f2a9c1b7d20
-- Title: users display name

-- sluice: expand
ALTER TABLE users ADD COLUMN display_name text;

-- sluice: sync users
SELECT full_name AS display_name;
