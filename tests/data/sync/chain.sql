-- Revision: a1
-- Title: a to b

-- sluice: sync t
SELECT a AS b;
-- Revision: b2
-- Revises: a1
-- Title: b to c

-- sluice: sync t
SELECT upper(b) AS c;
-- sluice: sync t reverse
SELECT lower(c) AS b;
