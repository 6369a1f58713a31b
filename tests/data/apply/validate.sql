-- Revision: a
-- Revises:

-- sluice: expand
ALTER TABLE users ADD COLUMN age int;
ALTER TABLE users ADD CONSTRAINT users_age CHECK (age > 0) NOT VALID;
ALTER TABLE users VALIDATE CONSTRAINT users_age;
ALTER TABLE users VALIDATE CONSTRAINT users_name, VALIDATE CONSTRAINT users_team;
ALTER TABLE users ADD COLUMN note text;
ALTER TABLE users VALIDATE CONSTRAINT users_age, ALTER COLUMN age SET DEFAULT 1;
