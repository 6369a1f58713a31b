-- Which columns views read; no column: the relation only.
SELECT vs.nspname, v.relname, rs.nspname, r.relname, a.attname
FROM pg_class v
JOIN pg_namespace vs ON vs.oid = v.relnamespace
JOIN pg_rewrite w ON w.ev_class = v.oid AND w.rulename = '_RETURN'
JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid
    AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> v.oid
JOIN pg_class r ON r.oid = d.refobjid
JOIN pg_namespace rs ON rs.oid = r.relnamespace
LEFT JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum = d.refobjsubid AND a.attnum > 0
WHERE v.relkind IN ('v', 'm') AND vs.nspname !~ '^pg_'
  AND vs.nspname NOT IN ('information_schema', 'sluice')
