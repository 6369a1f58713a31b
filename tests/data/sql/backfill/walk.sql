-- walk pages
UPDATE t SET a = 1 WHERE a IS NULL;
-- walk key
UPDATE t SET b = 1 WHERE b IS NULL;
-- walk key  my_index
DELETE FROM t WHERE c