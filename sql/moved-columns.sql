-- A column ($2 of table $1) that gets another type, and those that have to follow: whatever
-- references it through foreign keys, and what references that. With $3 it gets that name only: nothing follows.
WITH RECURSIVE moved (relation, attribute) AS (
    SELECT attrelid, attnum FROM pg_attribute
    WHERE attrelid = $1::oid AND attname = $2 AND NOT attisdropped
    UNION
    SELECT f.conrelid, k.attribute
    FROM moved m
    JOIN pg_constraint f ON f.contype = 'f' AND f.confrelid = m.relation AND f.conparentid = 0
    CROSS JOIN LATERAL unnest(f.conkey, f.confkey) AS k (attribute, referenced)
    WHERE k.referenced = m.attribute AND $3::text IS NULL
)
SELECT a.attrelid, a.attnum, quote_ident(n.nspname) || '.' || quote_ident(c.relname), a.attname,
       format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated <> '',
       pg_get_expr(d.adbin, d.adrelid),
       (SELECT quote_ident(sn.nspname) || '.' || quote_ident(s.relname)
        FROM pg_depend o JOIN pg_class s ON s.oid = o.objid AND s.relkind = 'S'
        JOIN pg_namespace sn ON sn.oid = s.relnamespace
        WHERE o.classid = 'pg_class'::regclass AND o.refclassid = 'pg_class'::regclass
          AND o.refobjid = a.attrelid AND o.refobjsubid = a.attnum AND o.deptype IN ('a', 'i')),
       c.relkind::text, c.relkind = 'r' AND EXISTS (SELECT FROM pg_inherits WHERE inhparent = a.attrelid),
       a.attacl IS NOT NULL,
       (SELECT array_to_string(array_agg(x.attname), ', ') FROM pg_attribute x
        WHERE x.attrelid = a.attrelid AND NOT x.attisdropped
          AND (x.attname = $3 OR $3 IS NULL AND x.attname IN (a.attname || '_new', a.attname || '_old')))
FROM moved m
JOIN pg_attribute a ON a.attrelid = m.relation AND a.attnum = m.attribute
JOIN pg_class c ON c.oid = a.attrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
ORDER BY a.attrelid <> $1::oid, a.attname <> $2, 3, 4
