-- nothing of it is in use
CREATE TABLE parts (id bigint PRIMARY KEY, name text);
INSERT INTO parts SELECT g, 'x' FROM generate_series(1, 1000) g;
UPDATE parts SET name = 'y';
CREATE INDEX parts_name ON parts (name);
ALTER TABLE parts ALTER COLUMN name SET NOT NULL;
CREATE TABLE lists (id bigint PRIMARY KEY, part bigint REFERENCES parts (id));
ALTER TABLE lists ADD COLUMN x int;
DROP TABLE lists;
CREATE TEMP TABLE scratch (id bigint);
DELETE FROM scratch;
