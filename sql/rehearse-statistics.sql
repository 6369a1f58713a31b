-- Of each table: as many rows as $1 percent are, and what the server's statistics say of its
-- columns. At least one row where there are any. A partitioned table has figures of its own only
-- where somebody analysed it: its parts have.
SELECT n.nspname || '.' || c.relname AS label,
       jsonb_build_object('rows', ceil(s.rows * $1::numeric / 100)::bigint, 'columns',
                          coalesce(own.columns, part.columns, '{}'))
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace,
LATERAL (SELECT sum(l.reltuples::numeric) AS rows,
                (array_agg(p.relid::oid ORDER BY l.reltuples DESC))[1] AS largest
         FROM pg_partition_tree(c.oid) p JOIN pg_class l ON l.oid = p.relid
         WHERE c.relkind = 'p' AND p.isleaf AND l.reltuples >= 0
         UNION ALL
         SELECT c.reltuples::numeric, NULL WHERE c.relkind = 'r') s,
LATERAL (SELECT jsonb_object_agg(attname, jsonb_build_object(
                    'nulls', null_frac, 'distinct', n_distinct, 'width', avg_width,
                    'values', to_jsonb(most_common_vals::text::text[]),
                    'shares', to_jsonb(most_common_freqs)) ORDER BY inherited) AS columns
         FROM pg_stats WHERE schemaname = n.nspname AND tablename = c.relname) own,
LATERAL (SELECT jsonb_object_agg(attname, jsonb_build_object(
                    'nulls', null_frac, 'distinct', n_distinct, 'width', avg_width,
                    'values', to_jsonb(most_common_vals::text::text[]),
                    'shares', to_jsonb(most_common_freqs))) AS columns
         FROM pg_stats t JOIN pg_class l ON l.oid = s.largest
         WHERE t.tablename = l.relname AND t.schemaname = l.relnamespace::regnamespace::text) part
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND s.rows >= 0
  AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'sluice')
