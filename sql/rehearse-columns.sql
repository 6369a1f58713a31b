-- The columns of table $2 that a row is given, with what is known of their values; $1 as before. A
-- domain is as its base. Checks of one column name its bounds, or the list of what it may be.
SELECT a.attname, format_type(a.atttypid, a.atttypmod), b.typname, b.typcategory,
       CASE WHEN b.oid = a.atttypid THEN a.atttypmod ELSE t.typtypmod END,
       EXISTS (SELECT FROM pg_index WHERE indrelid = a.attrelid AND indisunique
                 AND indnkeyatts = 1 AND indkey[0] = a.attnum),
       a.attnotnull,
       (SELECT array_agg(enumlabel::text ORDER BY enumsortorder)::text FROM pg_enum
        WHERE enumtypid = b.oid),
       k.allowed, k.low, k.high, p.bounds::text, p.is_range,
       (s.known ->> 'nulls')::float8, (s.known ->> 'distinct')::float8,
       (s.known ->> 'width')::int,
       (SELECT array_agg(value ORDER BY i)::text
        FROM jsonb_array_elements_text(nullif(s.known -> 'values', 'null'))
             WITH ORDINALITY v(value, i)),
       (SELECT array_agg(value::float8 ORDER BY i)::text
        FROM jsonb_array_elements_text(nullif(s.known -> 'shares', 'null'))
             WITH ORDINALITY v(value, i))
FROM pg_attribute a
JOIN pg_class c ON c.oid = a.attrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_type t ON t.oid = a.atttypid
JOIN pg_type b ON b.oid = CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.oid END,
LATERAL (SELECT $1::jsonb -> (n.nspname || '.' || c.relname) -> 'columns' -> a.attname::text
                AS known) s,
LATERAL (SELECT max(substring(text FROM 'ANY \(\(?(ARRAY\[.*?\])')) AS allowed,
                max((substring(text FROM '>=? \(*''?(-?[0-9]+)'))::numeric
                    + (text ~ '> \(*''?-?[0-9]')::int) AS low,
                min((substring(text FROM '<=? \(*''?(-?[0-9]+)'))::numeric
                    - (text ~ '< \(*''?-?[0-9]')::int) AS high
         FROM pg_constraint, pg_get_expr(conbin, conrelid) text
         WHERE contype = 'c' AND ((conrelid = a.attrelid AND conkey = ARRAY[a.attnum])
                                  OR contypid = t.oid)) k,
-- What begins a part, or is one of its list, where the table is partitioned by this column.
LATERAL (SELECT array_agg(DISTINCT coalesce(m[1], m[2])) AS bounds, bool_or(key.partstrat = 'r') AS is_range
         FROM pg_partition_tree(a.attrelid) tree
         JOIN pg_partitioned_table key ON key.partrelid = tree.parentrelid
         JOIN pg_class part ON part.oid = tree.relid
         JOIN pg_attribute own ON own.attrelid = tree.parentrelid AND own.attname = a.attname
              AND own.attnum = key.partattrs[0],
         regexp_matches(split_part(pg_get_expr(part.relpartbound, part.oid), ' TO (', 1),
                        '''((?:[^'']|'''')*)''|(-?[0-9.]+)', 'g') m
         WHERE c.relkind = 'p' AND key.partstrat IN ('r', 'l')) p
WHERE a.attrelid = $2::oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
  AND a.attidentity <> 'a'
ORDER BY a.attnum
