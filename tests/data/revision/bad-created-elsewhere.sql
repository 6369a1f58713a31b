-- Revision: 3f2a9c1b7d20
-- Revises: 127bcea40bef
-- Title: users display name
-- sluice: expand
CREATE TABLE IF NOT EXISTS t (a int);
ALTER TABLE t ALTER COLUMN a SET NOT NULL;
