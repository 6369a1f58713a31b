-- Rows behind the last one: by $1, of $2 [{kind, revision, rollout, text, data, age_ms}], in their
-- order. Two at the same time want the same id: the second fails on the primary key and is run again,
-- so the chain stays a line. The hash is the one of verify-events.sql.
WITH RECURSIVE wanted AS (
    SELECT n, clock_timestamp() - (e->>'age_ms')::float8 * interval '1 ms' AS at, e->>'kind' AS kind,
           e->>'revision' AS revision, (e->>'rollout')::bigint AS rollout, e->>'text' AS text,
           nullif(e->'data', 'null') AS data
      FROM jsonb_array_elements($2::jsonb) WITH ORDINALITY AS list (e, n)
), chain AS (
    SELECT 0::bigint AS n, coalesce(last.id, 0) AS id, coalesce(last.hash, '') AS hash, '' AS previous
      FROM (SELECT 1) AS one
      LEFT JOIN (SELECT id, hash FROM sluice.event ORDER BY id DESC LIMIT 1) AS last ON true
    UNION ALL
    SELECT w.n, c.id + 1,
           encode(sha256(convert_to(jsonb_build_array(
               c.hash, c.id + 1, to_char(w.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
               $1::text, w.kind, w.revision, w.rollout, w.text, w.data)::text, 'UTF8')), 'hex'),
           c.hash
      FROM chain c JOIN wanted w ON w.n = c.n + 1
)
INSERT INTO sluice.event (id, at, actor, kind, revision, rollout, text, data, previous, hash)
SELECT c.id, w.at, $1, w.kind, w.revision, w.rollout, w.text, w.data, c.previous, c.hash
  FROM chain c JOIN wanted w USING (n)
 ORDER BY n
