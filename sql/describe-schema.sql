-- The schema as lines, each complete in itself, sorted: two databases compare by their text.
WITH space AS (
    SELECT oid, nspname FROM pg_namespace
    WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'sluice')
),
member AS (
    SELECT classid, objid FROM pg_depend WHERE deptype = 'e'
),
relation AS (
    SELECT c.*, quote_ident(s.nspname) || '.' || quote_ident(c.relname) AS label
    FROM pg_class c JOIN space s ON s.oid = c.relnamespace
    WHERE NOT EXISTS (SELECT FROM member m
                      WHERE m.classid = 'pg_class'::regclass AND m.objid = c.oid)
),
line AS (
    SELECT format('schema %I', nspname) AS line FROM space
    UNION ALL
    SELECT format('extension %I', extname) FROM pg_extension
    UNION ALL
    SELECT format('%s %s%s%s%s%s',
                  CASE relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned table'
                               WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view'
                               WHEN 'f' THEN 'foreign table' ELSE 'composite type' END,
                  label,
                  CASE relpersistence WHEN 'u' THEN ' unlogged' ELSE '' END,
                  ' with ' || reloptions::text,
                  CASE relkind WHEN 'p' THEN ' by ' || pg_get_partkeydef(oid) ELSE '' END,
                  CASE WHEN relkind IN ('v', 'm') THEN ' as ' || pg_get_viewdef(oid)
                       WHEN relispartition THEN ' for ' || pg_get_expr(relpartbound, oid)
                       ELSE '' END)
    FROM relation WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'c')
    UNION ALL
    SELECT format('row security %s%s', label, CASE WHEN relforcerowsecurity THEN ' forced' END)
    FROM relation WHERE relrowsecurity
    UNION ALL
    SELECT format('inherits %s from %s', r.label, h.inhparent::regclass)
    FROM relation r JOIN pg_inherits h ON h.inhrelid = r.oid WHERE r.relkind IN ('r', 'p', 'f')
    UNION ALL
    SELECT format('column %s.%I %s%s%s%s%s', r.label, a.attname,
                  format_type(a.atttypid, a.atttypmod),
                  CASE WHEN a.attnotnull THEN ' not null' END,
                  CASE WHEN a.attgenerated <> '' THEN ' generated ' ELSE ' default ' END
                      || pg_get_expr(f.adbin, f.adrelid),
                  ' identity ' || nullif(a.attidentity::text, ''),
                  CASE WHEN a.attcollation <> t.typcollation
                       THEN ' collate ' || a.attcollation::regcollation END)
    FROM relation r
    JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
        AND a.attname NOT LIKE 'sluice\_filled\_%'
    JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_attrdef f ON f.adrelid = r.oid AND f.adnum = a.attnum
    WHERE r.relkind IN ('r', 'p', 'v', 'm', 'f', 'c')
    UNION ALL
    -- NOT NULL is said with its column; newer servers keep a constraint for it too.
    SELECT format('constraint %I of %s %s', k.conname, coalesce(r.label, t.typname),
                  pg_get_constraintdef(k.oid))
    FROM pg_constraint k
    LEFT JOIN relation r ON r.oid = k.conrelid
    LEFT JOIN (pg_type t JOIN space s ON s.oid = t.typnamespace) ON t.oid = k.contypid
    WHERE k.contype NOT IN ('n', 't') AND (r.oid IS NOT NULL OR t.oid IS NOT NULL)
    UNION ALL
    SELECT 'index ' || pg_get_indexdef(i.indexrelid)
           || CASE WHEN i.indisvalid THEN '' ELSE ' invalid' END
           || CASE WHEN i.indisreplident THEN ' replica identity' ELSE '' END
    FROM pg_index i JOIN relation r ON r.oid = i.indrelid
    UNION ALL
    SELECT 'trigger ' || pg_get_triggerdef(t.oid) || ' ' || t.tgenabled::text
    FROM pg_trigger t JOIN relation r ON r.oid = t.tgrelid WHERE NOT t.tgisinternal
    UNION ALL
    SELECT 'rule ' || pg_get_ruledef(w.oid)
    FROM pg_rewrite w JOIN relation r ON r.oid = w.ev_class WHERE w.rulename <> '_RETURN'
    UNION ALL
    SELECT format('policy %I of %s for %s %s using %s check %s', p.polname, r.label, p.polcmd,
                  CASE WHEN p.polpermissive THEN 'permissive' ELSE 'restrictive' END,
                  pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
    FROM pg_policy p JOIN relation r ON r.oid = p.polrelid
    UNION ALL
    SELECT format('sequence %s as %s start %s by %s from %s to %s%s', r.label,
                  format_type(q.seqtypid, NULL), q.seqstart, q.seqincrement, q.seqmin, q.seqmax,
                  CASE WHEN q.seqcycle THEN ' cycle' END)
    FROM relation r JOIN pg_sequence q ON q.seqrelid = r.oid
    UNION ALL
    SELECT 'function ' || pg_get_functiondef(p.oid)
    FROM pg_proc p JOIN space s ON s.oid = p.pronamespace
    WHERE p.prokind IN ('f', 'p')
      AND NOT EXISTS (SELECT FROM member m
                      WHERE m.classid = 'pg_proc'::regclass AND m.objid = p.oid)
    UNION ALL
    SELECT format('enum %I.%I (%s)', s.nspname, t.typname,
                  (SELECT string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder)
                   FROM pg_enum e WHERE e.enumtypid = t.oid))
    FROM pg_type t JOIN space s ON s.oid = t.typnamespace
    WHERE t.typtype = 'e'
      AND NOT EXISTS (SELECT FROM member m
                      WHERE m.classid = 'pg_type'::regclass AND m.objid = t.oid)
    UNION ALL
    SELECT format('domain %I.%I %s%s%s', s.nspname, t.typname,
                  format_type(t.typbasetype, t.typtypmod),
                  CASE WHEN t.typnotnull THEN ' not null' END, ' default ' || t.typdefault)
    FROM pg_type t JOIN space s ON s.oid = t.typnamespace
    WHERE t.typtype = 'd'
      AND NOT EXISTS (SELECT FROM member m
                      WHERE m.classid = 'pg_type'::regclass AND m.objid = t.oid)
    UNION ALL
    SELECT 'statistics ' || pg_get_statisticsobjdef(x.oid)
    FROM pg_statistic_ext x JOIN space s ON s.oid = x.stxnamespace
)
SELECT line FROM line ORDER BY line COLLATE "C"
