-- Revisions of a tenant ($1; '': of none) whose last event of a phase ($2: the kinds that begin one, $3:
-- those that end one, both by commas) need not be what the ledger says: a phase was begun; or it is
-- expanded, and nothing was said of that ($4: the kind that ends the way back). With that kind, or NULL.
WITH told AS (
    SELECT DISTINCT ON (revision) revision, kind
      FROM sluice.event
     WHERE revision IS NOT NULL AND kind = ANY (string_to_array($2 || ',' || $3, ','))
       AND coalesce(substring(revision FROM '^(.*)/'), '') = $1
     ORDER BY revision, id DESC
), expanded AS (
    SELECT id FROM sluice.revision WHERE tenant = $1 AND origin = 'run' AND state <> 'pending'
)
SELECT coalesce(t.revision, r.id), t.kind
  FROM told t
  FULL JOIN expanded r ON r.id = t.revision
 WHERE t.kind = ANY (string_to_array($2, ','))
    OR (r.id IS NOT NULL AND (t.kind IS NULL OR t.kind = $4))
