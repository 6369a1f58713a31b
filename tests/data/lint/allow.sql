-- sluice: allow unbatched-dml because ten rows
-- and another comment
DELETE FROM a WHERE x IS NULL;
DELETE FROM b WHERE x IS NULL; -- sluice: allow unbatched-dml because ten rows
DELETE FROM c WHERE x IS NULL; -- sluice: allow unbatched-dml
-- sluice: allow unbatched-dml, table-rewrite-maintenance because only one is there
DELETE FROM d WHERE x IS NULL;
SELECT '-- sluice: allow unbatched-dml because it is a string';
DELETE FROM e WHERE x IS NULL;
-- sluice: allow unbached-dml because of a typo
DELETE FROM f WHERE x IS NULL;
-- sluice: allow unbatched-dml because nothing follows
