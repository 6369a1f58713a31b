-- What keys, checks and indexes hold column $2 (a number) of table $1: those of the table itself, and the
-- foreign keys to it. For a foreign key $3 and $4 are the moved columns, relation by relation, and $5 their new names.
-- The last three: the index, or else the constraint; whether the table is partitioned; whether a moved column that the
-- foreign key references is of a partitioned table.
WITH moved AS (
    SELECT * FROM unnest($3::oid[], $4::smallint[], $5::text[]) AS m (relation, attribute, fresh)
)
SELECT k.contype::text, k.oid::text, quote_ident(n.nspname) || '.' || quote_ident(t.relname), k.conname,
       CASE k.contype
       WHEN 'f' THEN format('FOREIGN KEY (%s) REFERENCES %s (%s)%s',
           (SELECT string_agg(quote_ident(coalesce(
                       (SELECT m.fresh FROM moved m WHERE (m.relation, m.attribute) = (k.conrelid, a.attnum)), a.attname)),
                       ', ' ORDER BY u.n)
            FROM unnest(k.conkey) WITH ORDINALITY u (at, n)
            JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.at),
           (SELECT quote_ident(fn.nspname) || '.' || quote_ident(f.relname) FROM pg_class f
            JOIN pg_namespace fn ON fn.oid = f.relnamespace WHERE f.oid = k.confrelid),
           (SELECT string_agg(quote_ident(coalesce(
                       (SELECT m.fresh FROM moved m WHERE (m.relation, m.attribute) = (k.confrelid, a.attnum)), a.attname)),
                       ', ' ORDER BY u.n)
            FROM unnest(k.confkey) WITH ORDINALITY u (at, n)
            JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.at),
           replace(substring(pg_get_constraintdef(k.oid) FROM ' REFERENCES [^(]*\([^)]*\)(.*)$'), ' NOT VALID', ''))
       WHEN 'c' THEN replace(pg_get_constraintdef(k.oid), ' NOT VALID', '')
       ELSE pg_get_indexdef(k.conindid) END,
       replace(pg_get_constraintdef(k.oid), ' NOT VALID', ''),
       CASE WHEN k.condeferred THEN ' DEFERRABLE INITIALLY DEFERRED' WHEN k.condeferrable THEN ' DEFERRABLE' ELSE '' END,
       false,
       CASE WHEN k.contype IN ('p', 'u') THEN k.conindid ELSE k.oid END::text, t.relkind = 'p',
       k.contype = 'f' AND EXISTS (
           SELECT FROM moved m JOIN pg_class f ON f.oid = m.relation
           WHERE m.relation = k.confrelid AND m.attribute = ANY (k.confkey) AND f.relkind = 'p')
FROM pg_constraint k
JOIN pg_class t ON t.oid = k.conrelid
JOIN pg_namespace n ON n.oid = t.relnamespace
WHERE k.conparentid = 0
  AND ((k.conrelid = $1::oid AND $2::smallint = ANY (k.conkey))
       OR (k.contype = 'f' AND k.confrelid = $1::oid AND $2::smallint = ANY (k.confkey)))
UNION ALL
SELECT 'i', i.indexrelid::text, quote_ident(n.nspname) || '.' || quote_ident(t.relname), x.relname,
       pg_get_indexdef(i.indexrelid), '', '', i.indisreplident, i.indexrelid::text, t.relkind = 'p', false
FROM pg_index i
JOIN pg_class x ON x.oid = i.indexrelid
JOIN pg_class t ON t.oid = i.indrelid
JOIN pg_namespace n ON n.oid = t.relnamespace
WHERE i.indrelid = $1::oid
  AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))
  AND EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid
              AND d.refclassid = 'pg_class'::regclass AND d.refobjid = $1::oid AND d.refobjsubid = $2::smallint)
ORDER BY 1, 3, 4
