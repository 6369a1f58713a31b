CREATE TYPE address AS (street text, zip int);
CREATE TABLE people (home address, others address[]);
ALTER TYPE address ADD ATTRIBUTE city text CASCADE;
ALTER TYPE address RENAME ATTRIBUTE zip TO postcode CASCADE;
ALTER TYPE address DROP ATTRIBUTE city CASCADE;
ALTER TYPE address RENAME TO place;
CREATE TYPE gone AS (a int);
CREATE TABLE keeps (g gone, b int);
DROP TYPE gone CASCADE;
