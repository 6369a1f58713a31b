-- What goes, or refuses to go, with column $2 of table $1; with the whole table where $2 is NULL.
WITH object AS (
    SELECT d.classid, d.objid, d.objsubid
    FROM pg_depend d
    JOIN pg_class c ON c.oid = $1::oid
    WHERE d.deptype IN ('n', 'a')
      AND ((d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid
            AND ($2::text IS NULL OR d.refobjsubid =
                 (SELECT attnum FROM pg_attribute
                  WHERE attrelid = c.oid AND attname = $2 AND NOT attisdropped)))
           OR ($2 IS NULL AND d.refclassid = 'pg_type'::regclass AND d.refobjid = c.reltype))
),
dependent AS (
    -- A view is reached through its rule.
    SELECT 'pg_class'::regclass::oid AS classid, w.ev_class AS objid, 0 AS objsubid
    FROM object o JOIN pg_rewrite w ON o.classid = 'pg_rewrite'::regclass AND w.oid = o.objid
    WHERE w.ev_class <> $1::oid
    UNION
    SELECT o.classid, o.objid, 0
    FROM object o
    WHERE o.classid IN ('pg_proc'::regclass, 'pg_policy'::regclass, 'pg_publication_rel'::regclass)
      AND ($2 IS NOT NULL OR o.classid = 'pg_proc'::regclass)
    UNION
    SELECT o.classid, o.objid, 0
    FROM object o JOIN pg_trigger t ON o.classid = 'pg_trigger'::regclass AND t.oid = o.objid
    WHERE NOT t.tgisinternal AND t.tgname NOT LIKE 'zzzz\_sluice\_%' AND t.tgname NOT LIKE '0\_sluice\_%'
      AND ($2 IS NOT NULL OR t.tgrelid <> $1::oid)
    UNION
    -- A generated column, by its expression; older servers keep the one, newer the other.
    SELECT 'pg_class'::regclass, a.attrelid, a.attnum
    FROM object o
    JOIN pg_attrdef f ON o.classid = 'pg_attrdef'::regclass AND f.oid = o.objid
    JOIN pg_attribute a ON a.attrelid = f.adrelid AND a.attnum = f.adnum
    WHERE a.attgenerated <> '' AND $2 IS NOT NULL AND a.attname <> $2
    UNION
    SELECT o.classid, o.objid, o.objsubid
    FROM object o
    WHERE o.classid = 'pg_class'::regclass AND o.objsubid > 0 AND (o.objid <> $1::oid OR $2 IS NOT NULL)
    UNION
    -- An index over other columns too would go along.
    SELECT o.classid, o.objid, 0
    FROM object o JOIN pg_index i ON o.classid = 'pg_class'::regclass AND i.indexrelid = o.objid
    WHERE $2 IS NOT NULL AND i.indnatts > 1
    UNION
    -- A foreign key to a partitioned table has a part for each partition, which comes and goes with it.
    SELECT o.classid, o.objid, 0
    FROM object o JOIN pg_constraint k ON o.classid = 'pg_constraint'::regclass AND k.oid = o.objid
    WHERE ((k.conrelid <> $1::oid) OR ($2 IS NOT NULL AND cardinality(k.conkey) > 1))
      AND NOT EXISTS (SELECT FROM object p WHERE p.classid = o.classid AND p.objid = k.conparentid)
    UNION
    SELECT 'pg_class'::regclass, h.inhrelid, 0
    FROM pg_inherits h JOIN pg_class c ON c.oid = h.inhrelid
    WHERE $2 IS NULL AND h.inhparent = $1::oid AND NOT c.relispartition
)
SELECT i.type || ' ' || i.identity
FROM dependent d, pg_identify_object(d.classid, d.objid, d.objsubid) i
WHERE i.identity IS NOT NULL
ORDER BY 1
