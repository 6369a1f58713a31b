-- Revision: a1
-- Title: café
-- sluice: expand
SELECT 1;
