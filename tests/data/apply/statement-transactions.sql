-- Revision: aaaaaaaaaaa1
-- Title: case
-- Transaction: statement

-- sluice: expand
ALTER TABLE b ADD COLUMN c int;
ALTER TABLE b ADD COLUMN d int;
