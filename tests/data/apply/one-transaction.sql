-- Revision: aaaaaaaaaaa1
-- Title: case

-- sluice: expand
CREATE TABLE a (id int);
ALTER TABLE b ADD COLUMN c int;
CREATE INDEX d ON a (id);
