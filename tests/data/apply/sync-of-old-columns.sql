-- Revision: aaaaaaaaaaa1
-- Title: case

-- sluice: expand
CREATE TABLE other (id int);

-- sluice: sync users
SELECT a AS first;
