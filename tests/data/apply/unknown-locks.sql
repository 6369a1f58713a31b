-- Revision: aaaaaaaaaaa1
-- Title: case

-- sluice: expand
ALTER TABLE b ADD COLUMN c int;
DO $$ BEGIN PERFORM 1; END $$;
ALTER TABLE b ADD COLUMN d int;
