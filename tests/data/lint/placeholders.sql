-- runner: flyway
CREATE INDEX i ON ${schema}.users (a);
ALTER TABLE {{ schema }}.x${n} ADD COLUMN b json;
ALTER TABLE :tbl ALTER COLUMN a TYPE varchar(${length});
SELECT a::text, b[1:2] FROM ${schema}.users;
