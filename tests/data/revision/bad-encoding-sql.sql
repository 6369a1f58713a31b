-- Revision: a1
-- sluice: expand
SELECT 'café';
