SELECT c.oid, n.nspname, c.relname,
       quote_ident(n.nspname) || '.' || quote_ident(c.relname),
       c.relkind,
       CASE WHEN c.relkind IN ('r', 'm', 'i', 'S', 't')
            THEN pg_relation_size(c.oid) / current_setting('block_size')::int ELSE 0 END,
       CASE WHEN c.reltuples < 0 THEN -1 ELSE c.reltuples::bigint END
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid = to_regclass($1)
