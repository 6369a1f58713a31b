-- Revision: 3f2a9c1b7d20
-- Revises:
-- Title: names

-- sluice: expand
-- sluice: allow phase-mixed-release because no app uses it
ALTER TABLE users DROP COLUMN nickname;
ALTER TABLE users ADD COLUMN display_name text, ADD COLUMN other text;
CREATE TABLE made (id bigint, x int);
ALTER TABLE made DROP COLUMN x;
ALTER TABLE users DROP COLUMN middle;

-- sluice: sync users
SELECT full_name AS display_name;

-- sluice: backfill
UPDATE users SET display_name = full_name WHERE display_name IS NULL AND full_name IS NOT NULL;

-- sluice: contract
ALTER TABLE users DROP COLUMN full_name;
ALTER TABLE made DROP COLUMN id;

-- sluice: downgrade
ALTER TABLE users DROP COLUMN display_name, DROP COLUMN other;
