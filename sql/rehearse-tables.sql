-- The tables to fill: how many rows each gets ($1: statistics by table, as rehearse-statistics.sql
-- says them; $2: else), and what a row must meet, in terms of its columns.
SELECT c.oid, c.oid::regclass::text, coalesce(($1::jsonb -> (n.nspname || '.' || c.relname) ->>
                                               'rows')::bigint, $2::bigint),
       concat_ws(' AND ', 'true', k.checks, '(' || p.bounds || ')', a.filled)
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace,
LATERAL (SELECT string_agg(format('(%s) IS NOT FALSE', pg_get_expr(conbin, conrelid)), ' AND ')
             AS checks
         FROM pg_constraint WHERE conrelid = c.oid AND contype = 'c') k,
LATERAL (SELECT string_agg(format('(%s)', coalesce(pg_get_partition_constraintdef(relid), 'true')),
                           ' OR ') AS bounds
         FROM pg_partition_tree(c.oid) WHERE c.relkind = 'p' AND isleaf) p,
LATERAL (SELECT string_agg(format('%I IS NOT NULL', attname), ' AND ') AS filled
         FROM pg_attribute
         WHERE attrelid = c.oid AND attnum > 0 AND attnotnull AND NOT attisdropped
           AND attgenerated = '' AND attidentity <> 'a') a
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'sluice')
ORDER BY c.oid
