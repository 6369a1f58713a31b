-- A schema as the statements that make it, in an order in which each finds what it names. Names are
-- qualified where search_path is empty. Extensions' own objects are left out, and sluice's.
WITH RECURSIVE space AS (
    SELECT oid, nspname FROM pg_namespace
    WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'sluice')
),
member AS (
    SELECT classid, objid FROM pg_depend WHERE deptype = 'e'
),
depth AS (
    SELECT c.oid, 0 AS depth FROM pg_class c
    WHERE NOT EXISTS (SELECT FROM pg_inherits h WHERE h.inhrelid = c.oid)
    UNION ALL
    SELECT h.inhrelid, d.depth + 1 FROM depth d JOIN pg_inherits h ON h.inhparent = d.oid
),
relation AS (
    SELECT c.*, format('%I.%I', s.nspname, c.relname) AS label,
           (SELECT max(d.depth) FROM depth d WHERE d.oid = c.oid) AS depth
    FROM pg_class c JOIN space s ON s.oid = c.relnamespace
    WHERE c.relpersistence <> 't'
      AND NOT EXISTS (SELECT FROM member m
                      WHERE m.classid = 'pg_class'::regclass AND m.objid = c.oid)
),
typed AS (
    SELECT t.*, format('%I.%I', s.nspname, t.typname) AS label
    FROM pg_type t JOIN space s ON s.oid = t.typnamespace
    WHERE NOT EXISTS (SELECT FROM member m
                      WHERE m.classid = 'pg_type'::regclass AND m.objid = t.oid)
),
field AS (
    SELECT a.attrelid, a.attnum, a.attislocal,
           format('%I %s%s%s%s', a.attname, format_type(a.atttypid, a.atttypmod),
                  CASE WHEN a.attcollation <> t.typcollation
                       THEN ' COLLATE ' || quote_ident(cs.nspname) || '.'
                            || quote_ident(l.collname) END,
                  CASE WHEN a.attgenerated <> ''
                       THEN ' GENERATED ALWAYS AS (' || pg_get_expr(f.adbin, f.adrelid) || ') STORED'
                       ELSE ' DEFAULT ' || pg_get_expr(f.adbin, f.adrelid) END,
                  CASE WHEN a.attnotnull THEN ' NOT NULL' END) AS definition
    FROM relation r
    JOIN pg_attribute a ON a.attrelid = r.oid
    JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_attrdef f ON f.adrelid = a.attrelid AND f.adnum = a.attnum
    LEFT JOIN pg_collation l ON l.oid = a.attcollation
    LEFT JOIN pg_namespace cs ON cs.oid = l.collnamespace
    WHERE r.relkind IN ('r', 'p', 'f', 'c') AND a.attnum > 0 AND NOT a.attisdropped
      AND a.attname NOT LIKE 'sluice\_filled\_%'
),
statement AS (
    SELECT 10 AS place, 0 AS depth, oid, format('CREATE SCHEMA %I', nspname) AS text
    FROM space WHERE nspname <> 'public'
    UNION ALL
    SELECT 20, 0, oid, format('CREATE TYPE %s AS ENUM (%s)', label,
                              (SELECT string_agg(quote_literal(enumlabel), ', '
                                                 ORDER BY enumsortorder)
                               FROM pg_enum WHERE enumtypid = typed.oid))
    FROM typed WHERE typtype = 'e'
    UNION ALL
    SELECT 20, 0, t.oid, format('CREATE TYPE %s AS (%s)', t.label,
                                (SELECT string_agg(definition, ', ' ORDER BY attnum)
                                 FROM field WHERE attrelid = t.typrelid))
    FROM typed t JOIN pg_class c ON c.oid = t.typrelid WHERE c.relkind = 'c'
    UNION ALL
    SELECT 20, 0, oid, format('CREATE TYPE %s AS RANGE (SUBTYPE = %s)', label,
                              (SELECT format_type(rngsubtype, NULL) FROM pg_range
                               WHERE rngtypid = typed.oid))
    FROM typed WHERE typtype = 'r'
    UNION ALL
    SELECT 20, 0, oid, format('CREATE DOMAIN %s AS %s%s%s', label,
                              format_type(typbasetype, typtypmod), ' DEFAULT ' || typdefault,
                              CASE WHEN typnotnull THEN ' NOT NULL' END)
    FROM typed WHERE typtype = 'd'
    UNION ALL
    SELECT 21, 0, k.oid, format('ALTER DOMAIN %s ADD CONSTRAINT %I %s', t.label, k.conname,
                                pg_get_constraintdef(k.oid))
    FROM pg_constraint k JOIN typed t ON t.oid = k.contypid WHERE k.contype = 'c'
    UNION ALL
    SELECT 30, 0, p.oid, pg_get_functiondef(p.oid)
    FROM pg_proc p JOIN space s ON s.oid = p.pronamespace
    WHERE p.prokind IN ('f', 'p')
      AND NOT EXISTS (SELECT FROM pg_depend d
                      WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid
                        AND d.deptype IN ('e', 'i'))
    UNION ALL
    SELECT 40, 0, oid, format('CREATE SEQUENCE %s', label)
    FROM relation r
    WHERE relkind = 'S'
      AND NOT EXISTS (SELECT FROM pg_depend d
                      WHERE d.classid = 'pg_class'::regclass AND d.objid = r.oid
                        AND d.refclassid = 'pg_class'::regclass AND d.deptype = 'i')
    UNION ALL
    SELECT 50, depth, oid,
           format('CREATE %s%s %s (%s)%s%s',
                  CASE relpersistence WHEN 'u' THEN 'UNLOGGED ' END,
                  CASE relkind WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END, label,
                  (SELECT string_agg(definition, ', ' ORDER BY attnum) FROM field
                   WHERE attrelid = r.oid AND (attislocal OR relispartition)),
                  CASE WHEN NOT relispartition
                       THEN ' INHERITS (' || (SELECT string_agg(p.label, ', ' ORDER BY inhseqno)
                                              FROM pg_inherits JOIN relation p ON p.oid = inhparent
                                              WHERE inhrelid = r.oid) || ')' END,
                  CASE relkind WHEN 'p' THEN ' PARTITION BY ' || pg_get_partkeydef(oid)
                               WHEN 'f' THEN ' SERVER none' END)
    FROM relation r WHERE relkind IN ('r', 'p', 'f')
    UNION ALL
    SELECT 51, r.depth, r.oid, format('ALTER TABLE %s OF %s', r.label, y.label)
    FROM relation r JOIN typed y ON y.oid = r.reloftype
    UNION ALL
    -- What a child says otherwise of a column that it inherits.
    SELECT 51, r.depth, r.oid,
           format('ALTER TABLE ONLY %s ALTER %I SET DEFAULT %s', r.label, a.attname,
                  pg_get_expr(f.adbin, f.adrelid))
    FROM relation r
    JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attislocal
    JOIN pg_attrdef f ON f.adrelid = r.oid AND f.adnum = a.attnum
    WHERE NOT r.relispartition AND a.attgenerated = '' AND NOT a.attisdropped
    UNION ALL
    SELECT 51, r.depth, r.oid,
           format('ALTER TABLE ONLY %s %s%s', r.label,
                  CASE WHEN a.attnotnull THEN format('ALTER %I SET NOT NULL', a.attname) END,
                  CASE WHEN NOT a.atthasdef
                       THEN format('%sALTER %I DROP DEFAULT',
                                   CASE WHEN a.attnotnull THEN ', ' END, a.attname) END)
    FROM relation r
    JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0
    WHERE NOT r.relispartition AND r.depth > 0 AND r.relkind IN ('r', 'f')
      AND NOT a.attisdropped AND a.attgenerated = ''
      AND ((a.attnotnull AND NOT a.attislocal) OR NOT a.atthasdef)
    UNION ALL
    -- A parent may say more of a column than a child that had it first.
    SELECT 52, r.depth, r.oid, format('ALTER TABLE ONLY %s ALTER %I DROP %s', r.label, a.attname, w.what)
    FROM relation r
    JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped,
    LATERAL (SELECT bool_or(p.attnotnull) AS not_null, bool_or(p.attgenerated <> '') AS generated
             FROM pg_inherits h JOIN pg_attribute p ON p.attrelid = h.inhparent
             WHERE h.inhrelid = r.oid AND p.attname = a.attname AND NOT p.attisdropped) p,
    LATERAL (VALUES ('NOT NULL', p.not_null AND NOT a.attnotnull),
                    ('EXPRESSION', p.generated AND a.attgenerated = '')) w(what, is_so)
    WHERE NOT r.relispartition AND r.depth > 0 AND r.relkind IN ('r', 'f') AND w.is_so
    UNION ALL
    SELECT 60, 0, c.oid, format('ALTER SEQUENCE %s OWNED BY %s.%I', c.label, r.label, a.attname)
    FROM pg_depend d
    JOIN relation c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid AND c.relkind = 'S'
    JOIN relation r ON d.refclassid = 'pg_class'::regclass AND r.oid = d.refobjid
    JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum = d.refobjsubid
    WHERE d.deptype = 'a'
    UNION ALL
    SELECT 60, 0, c.oid,
           format('ALTER TABLE ONLY %s ALTER %I ADD GENERATED %s AS IDENTITY (SEQUENCE NAME %s)',
                  r.label, a.attname,
                  CASE a.attidentity WHEN 'a' THEN 'ALWAYS' ELSE 'BY DEFAULT' END, c.label)
    FROM pg_depend d
    JOIN relation c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid AND c.relkind = 'S'
    JOIN relation r ON d.refclassid = 'pg_class'::regclass AND r.oid = d.refobjid
    JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum = d.refobjsubid
    WHERE d.deptype = 'i' AND a.attidentity <> ''
    UNION ALL
    -- A child's own first: the parent's of the same name is merged with it.
    SELECT 65, -r.depth, k.oid,
           format('ALTER TABLE %s ADD CONSTRAINT %I %s', r.label, k.conname,
                  pg_get_constraintdef(k.oid))
    FROM pg_constraint k JOIN relation r ON r.oid = k.conrelid
    WHERE k.contype = 'c' AND (k.conislocal OR r.relispartition)
    UNION ALL
    -- The parent's is not valid, and came to be before this child did.
    SELECT 66, r.depth, k.oid, format('ALTER TABLE %s VALIDATE CONSTRAINT %I', r.label, k.conname)
    FROM pg_constraint k JOIN relation r ON r.oid = k.conrelid
    WHERE k.contype = 'c' AND k.convalidated AND NOT k.conislocal AND NOT r.relispartition
    UNION ALL
    SELECT 70, c.depth, c.oid, format('ALTER TABLE ONLY %s ATTACH PARTITION %s %s', p.label, c.label,
                                pg_get_expr(c.relpartbound, c.oid))
    FROM relation c JOIN pg_inherits h ON h.inhrelid = c.oid JOIN relation p ON p.oid = h.inhparent
    WHERE c.relispartition AND c.relkind IN ('r', 'p', 'f')
    UNION ALL
    SELECT 75, 0, r.oid, format('CREATE %s %s%s AS %s',
                             CASE relkind WHEN 'v' THEN 'VIEW' ELSE 'MATERIALIZED VIEW' END, label,
                             (SELECT ' (' || string_agg(quote_ident(attname), ', '
                                                        ORDER BY attnum) || ')'
                              FROM pg_attribute
                              WHERE attrelid = r.oid AND attnum > 0 AND NOT attisdropped),
                             rtrim(pg_get_viewdef(r.oid), ';'))
    FROM relation r WHERE relkind IN ('v', 'm')
    UNION ALL
    SELECT 80, r.depth, k.oid, format('ALTER TABLE ONLY %s ADD CONSTRAINT %I %s', r.label, k.conname,
                                pg_get_constraintdef(k.oid))
    FROM pg_constraint k JOIN relation r ON r.oid = k.conrelid
    WHERE k.contype IN ('p', 'u', 'x')
    UNION ALL
    SELECT 80, r.depth, i.indexrelid, pg_get_indexdef(i.indexrelid)
    FROM pg_index i JOIN relation r ON r.oid = i.indrelid
    WHERE NOT EXISTS (SELECT FROM pg_constraint k
                      WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))
    UNION ALL
    SELECT 85, -c.depth, c.oid, format('ALTER INDEX %s ATTACH PARTITION %s', p.label, c.label)
    FROM relation c JOIN pg_inherits h ON h.inhrelid = c.oid JOIN relation p ON p.oid = h.inhparent
    WHERE c.relkind IN ('i', 'I')
    UNION ALL
    SELECT 90, r.depth, k.oid, format('ALTER TABLE %s ADD CONSTRAINT %I %s', r.label, k.conname,
                                pg_get_constraintdef(k.oid))
    FROM pg_constraint k JOIN relation r ON r.oid = k.conrelid
    WHERE k.contype = 'f' AND k.conparentid = 0
    UNION ALL
    SELECT 95, 0, w.oid, rtrim(pg_get_ruledef(w.oid), ';')
    FROM pg_rewrite w JOIN relation r ON r.oid = w.ev_class WHERE w.rulename <> '_RETURN'
    UNION ALL
    SELECT 95, 0, t.oid, pg_get_triggerdef(t.oid)
    FROM pg_trigger t JOIN relation r ON r.oid = t.tgrelid
    JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_namespace ps ON ps.oid = p.pronamespace
    WHERE NOT t.tgisinternal AND t.tgparentid = 0 AND ps.nspname <> 'sluice'
    UNION ALL
    SELECT 96, 0, t.oid, format('ALTER TABLE %s DISABLE TRIGGER %I', r.label, t.tgname)
    FROM pg_trigger t JOIN relation r ON r.oid = t.tgrelid
    WHERE NOT t.tgisinternal AND t.tgenabled = 'D'
    UNION ALL
    SELECT 95, 0, p.oid, format('CREATE POLICY %I ON %s', p.polname, r.label)
    FROM pg_policy p JOIN relation r ON r.oid = p.polrelid
    UNION ALL
    SELECT 95, 0, oid, format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', label)
    FROM relation WHERE relrowsecurity
    UNION ALL
    SELECT 95, 0, oid, format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', label)
    FROM relation WHERE relforcerowsecurity
    UNION ALL
    SELECT 95, 0, r.oid, format('ALTER TABLE %s REPLICA IDENTITY %s', r.label,
                             CASE r.relreplident WHEN 'f' THEN 'FULL' WHEN 'n' THEN 'NOTHING'
                                  ELSE 'USING INDEX ' || quote_ident(i.relname) END)
    FROM relation r
    LEFT JOIN (pg_index x JOIN pg_class i ON i.oid = x.indexrelid AND x.indisreplident)
        ON x.indrelid = r.oid AND r.relreplident = 'i'
    WHERE r.relkind IN ('r', 'p')
      AND (r.relreplident IN ('f', 'n') OR (r.relreplident = 'i' AND i.oid IS NOT NULL))
)
SELECT text FROM statement ORDER BY place, depth, oid
