-- Title: x
-- sluice: expand
SELECT 1;
