-- Revision: 3f2a9c1b7d20
-- Revises: 127bcea40bef
-- Title: users display name
-- Created: 2026-11-21T20:53:02Z
-- Transaction: statement
-- sluice: expand
ALTER TABLE users ADD COLUMN a text;
ALTER TABLE users ADD COLUMN b text;
-- sluice: sync users
SELECT x AS a, y AS b;
