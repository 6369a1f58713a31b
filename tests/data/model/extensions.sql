CREATE SCHEMA ext;
CREATE EXTENSION btree_gist SCHEMA ext;
CREATE EXTENSION IF NOT EXISTS hstore;
CREATE TABLE rooms (n int, during tsrange, tags hstore, EXCLUDE USING gist (n ext.gist_int4_ops WITH =, during WITH &&));
CREATE INDEX ON rooms USING gin (tags);
ALTER TABLE rooms ADD COLUMN more hstore DEFAULT '';
COMMENT ON EXTENSION hstore IS 'keys and values';
