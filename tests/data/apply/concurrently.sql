-- Revision: aaaaaaaaaaa1
-- Title: case

-- sluice: expand
ALTER TABLE b ADD COLUMN c int;
CREATE INDEX CONCURRENTLY b_c ON b (c);
ALTER TABLE b ADD COLUMN d int;
ALTER TABLE b ADD COLUMN e int;
