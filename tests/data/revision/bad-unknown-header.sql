-- Revison: a
-- sluice: expand
SELECT 1;
