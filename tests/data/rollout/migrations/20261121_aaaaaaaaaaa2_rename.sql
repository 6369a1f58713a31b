-- Revision: aaaaaaaaaaa2
-- Revises: aaaaaaaaaaa1
-- Title: display name

-- sluice: expand
ALTER TABLE users ADD COLUMN display_name text;

-- sluice: sync users
SELECT full_name AS display_name;

-- sluice: contract
ALTER TABLE users DROP COLUMN full_name;
