-- Rows behind the last one: by $1, of $2 [{kind, revision, rollout, text, data, age_ms}], in their
-- order. Two at the same time want the same id: the second fails on the primary key and is run again,
-- so the chain stays a line. The hash is the one of verify-events.sql.
WITH RECURSIVE list AS MATERIALIZED (
    SELECT $2::jsonb AS events
), chain AS (
    SELECT 0 AS n, coalesce(last.id, 0) AS id, coalesce(last.hash, '') AS hash, '' AS previous,
           NULL::timestamptz AS at, NULL::jsonb AS e
      FROM (SELECT 1) AS one
      LEFT JOIN (SELECT id, hash FROM sluice.event ORDER BY id DESC LIMIT 1) AS last ON true
    UNION ALL
    SELECT c.n + 1, c.id + 1,
           encode(sha256(convert_to(jsonb_build_array(
               c.hash, c.id + 1, to_char(w.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
               $1::text, w.e->>'kind', w.e->>'revision', (w.e->>'rollout')::bigint, w.e->>'text',
               nullif(w.e->'data', 'null'))::text, 'UTF8')), 'hex'),
           c.hash, w.at, w.e
      FROM chain c
     CROSS JOIN LATERAL (
           SELECT list.events->c.n AS e,
                  clock_timestamp() - (list.events->c.n->>'age_ms')::float8 * interval '1 ms' AS at
             FROM list
            WHERE c.n < jsonb_array_length(list.events) OFFSET 0) AS w
)
INSERT INTO sluice.event (id, at, actor, kind, revision, rollout, text, data, previous, hash)
SELECT id, at, $1, e->>'kind', e->>'revision', (e->>'rollout')::bigint, e->>'text',
       nullif(e->'data', 'null'), previous, hash
  FROM chain
 WHERE n > 0
 ORDER BY n
