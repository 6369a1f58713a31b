-- Revision: a1
-- Revises: (base)
-- Title: start
-- sluice: expand
CREATE TABLE t (id int);
-- sluice: downgrade
DROP TABLE t;