CREATE TYPE span AS RANGE (SUBTYPE = float8, SUBTYPE_DIFF = float8mi);
CREATE TABLE t (s span, m span[], i int4range DEFAULT '[1,2)', CHECK (NOT isempty(i)));
CREATE INDEX ON t USING gist (i);
ALTER TYPE span RENAME TO stretch;
CREATE SCHEMA z;
ALTER TYPE stretch SET SCHEMA z;
CREATE TYPE lonely AS RANGE (SUBTYPE = date);
DROP TYPE lonely;
