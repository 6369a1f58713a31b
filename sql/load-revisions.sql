-- The ledger's version, the adopted history tables (in the first row), and all revisions of a tenant
-- ($1; '': of none), oldest first; one row without a revision if there is none.
SELECT l.version,
       CASE WHEN lag(1) OVER (ORDER BY r.ordinal) IS NULL THEN (
           SELECT json_agg(json_build_object('tool', a.tool, 'relation', a.relation, 'kept', a.kept)
                           ORDER BY a.tool)
             FROM sluice.adoption a
            WHERE coalesce(substring(a.tool FROM '^(.*)/'), '') = $1) END,
       r.id, r.title, r.state, r.final, r.partly,
       to_char(r.expanded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
       to_char(r.backfilled_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
       to_char(r.cut_over_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
       to_char(r.contracted_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
       r.applied_by, r.origin, s.checksums
  FROM (SELECT max(version) AS version FROM sluice.ledger) AS l
  LEFT JOIN sluice.revision r ON r.tenant = $1
  LEFT JOIN (SELECT c.revision, json_object_agg(c.section, c.checksum) AS checksums
               FROM sluice.section c JOIN sluice.revision o ON o.id = c.revision
              WHERE o.tenant = $1 GROUP BY c.revision) AS s ON s.revision = r.id
 ORDER BY r.ordinal
