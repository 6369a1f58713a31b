-- One row behind the last one. Two at the same time want the same id: the second fails on the
-- primary key and is run again, so the chain stays a line. The hash is the one of verify-events.sql.
INSERT INTO sluice.event (id, at, actor, kind, revision, rollout, text, data, previous, hash)
SELECT e.id, e.at, e.actor, e.kind, e.revision, e.rollout, e.text, e.data, e.previous,
       encode(sha256(convert_to(jsonb_build_array(
           e.previous, e.id, to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
           e.actor, e.kind, e.revision, e.rollout, e.text, e.data)::text, 'UTF8')), 'hex')
  FROM (SELECT coalesce(last.id, 0) + 1 AS id, clock_timestamp() AS at, $1::text AS actor,
               $2::text AS kind, $3::text AS revision, $4::bigint AS rollout, $5::text AS text,
               $6::jsonb AS data, coalesce(last.hash, '') AS previous
          FROM (SELECT 1) AS one
          LEFT JOIN (SELECT id, hash FROM sluice.event ORDER BY id DESC LIMIT 1) AS last ON true
       ) AS e
