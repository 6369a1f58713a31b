-- The ledger's version and all its revisions, oldest first; one row of NULLs if it has none.
SELECT l.version, r.id, r.title, r.state, r.final, r.partly,
       to_char(r.expanded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
       to_char(r.backfilled_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
       to_char(r.cut_over_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
       to_char(r.contracted_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
       r.applied_by,
       (SELECT json_object_agg(s.section, s.checksum) FROM sluice.section s WHERE s.revision = r.id)
  FROM (SELECT max(version) AS version FROM sluice.ledger) AS l
  LEFT JOIN sluice.revision r ON true
 ORDER BY r.ordinal
