CREATE TABLE t (a int PRIMARY KEY, b int UNIQUE, c int, UNIQUE (b, c), UNIQUE (a), CONSTRAINT k UNIQUE (c));
CREATE TABLE e (r int4range, EXCLUDE USING gist (r WITH &&));
ALTER TABLE t ADD UNIQUE (c);
ALTER TABLE t ADD UNIQUE (c) DEFERRABLE;
ALTER TABLE t DROP CONSTRAINT t_pkey;
ALTER TABLE t ADD CONSTRAINT pk PRIMARY KEY (c, b);
ALTER INDEX t_b_key RENAME TO by_b;
CREATE TABLE a_very_long_table_name_that_fills_its_room (another_very_long_column_name_that_is_too_long int UNIQUE, x int CHECK (x > 0));
CREATE INDEX ON a_very_long_table_name_that_fills_its_room (another_very_long_column_name_that_is_too_long, x);
