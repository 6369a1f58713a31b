-- What no statement says of relations: rows and bytes; of indexes, whether they are valid.
SELECT s.nspname, c.relname, c.relkind IN ('i', 'I'),
       CASE WHEN c.reltuples >= 0 THEN c.reltuples::bigint ELSE -1 END,
       CASE WHEN c.relkind IN ('r', 'm') THEN pg_table_size(c.oid) ELSE -1 END,
       coalesce(i.indisvalid, true)
FROM pg_class c
JOIN pg_namespace s ON s.oid = c.relnamespace
LEFT JOIN pg_index i ON i.indexrelid = c.oid
WHERE s.nspname !~ '^pg_' AND s.nspname NOT IN ('information_schema', 'sluice')
  AND c.relkind IN ('r', 'p', 'm', 'i', 'I')
