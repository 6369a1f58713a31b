-- Revision: aaaaaaaaaaa3
-- Revises: aaaaaaaaaaa2
-- Title: a plan for each

-- sluice: expand
ALTER TABLE users ADD COLUMN plan text;

-- sluice: backfill
UPDATE users SET plan = 'free' WHERE plan IS NULL;
