-- Revision: 3f2a9c1b7d20
-- Revises: 127bcea40bef
-- Title: users display name
-- sluice: expand
CREATE TABLE s.t (a int);
ALTER TABLE s.t ALTER COLUMN a SET NOT NULL;
ALTER TABLE s.t ADD COLUMN b int NOT NULL;
ALTER TABLE s.t RENAME TO u;
CREATE VIEW v AS SELECT 1;
DROP VIEW v;
