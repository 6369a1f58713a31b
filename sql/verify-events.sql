-- The first event that was changed, or whose predecessor was changed or removed; no row if none.
-- (Rows cut off at the end leave no trace here: keep the last hash elsewhere to notice that.)
SELECT e.id
  FROM (SELECT *, lag(id, 1, 0::bigint) OVER (ORDER BY id) AS id_before,
               lag(hash, 1, '') OVER (ORDER BY id) AS hash_before
          FROM sluice.event) AS e
 WHERE e.id <> e.id_before + 1
    OR e.previous <> e.hash_before
    OR e.hash <> encode(sha256(convert_to(jsonb_build_array(
           e.previous, e.id, to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
           e.actor, e.kind, e.revision, e.rollout, e.text, e.data)::text, 'UTF8')), 'hex')
 ORDER BY e.id
 LIMIT 1
