-- $1: a lock template as JSON, [{"name", "mode", "reach", "detail"}]; reach are SqlReach's bits.
-- Asks the catalog only, so that it waits for nobody's lock.
WITH RECURSIVE wanted AS (
    SELECT to_regclass(w.name)::oid AS oid, w.mode, w.reach, w.detail
    FROM json_to_recordset($1::json) AS w(name text, mode int, reach int, detail text)
),
reached AS (
    SELECT oid, mode, reach & 3 AS reach FROM wanted
    WHERE oid IS NOT NULL AND reach & 512 = 0
    UNION
    SELECT p.inhparent, w.mode, 0
    FROM wanted w JOIN pg_class c ON c.oid = w.oid JOIN pg_inherits p ON p.inhrelid = w.oid
    WHERE w.reach & 4 <> 0 AND c.relispartition
    UNION
    -- New bounds make the default partition be read under the strongest lock.
    SELECT t.partdefid, 8, 0
    FROM wanted w JOIN pg_partitioned_table t ON t.partrelid = w.oid
    WHERE w.reach & 8 <> 0 AND t.partdefid <> 0
    UNION
    SELECT k.confrelid, w.mode, 0
    FROM wanted w JOIN pg_constraint k ON k.conrelid = w.oid AND k.contype = 'f'
    WHERE w.reach & 16 <> 0
    UNION
    SELECT k.conrelid, w.mode, 0
    FROM wanted w JOIN pg_constraint k ON k.confrelid = w.oid AND k.contype = 'f'
    WHERE w.reach & 32 <> 0
    UNION
    SELECT CASE f.conrelid WHEN w.oid THEN f.confrelid ELSE f.conrelid END, w.mode, 0
    FROM wanted w
    JOIN pg_constraint k ON k.conrelid = w.oid AND k.conname = w.detail
    JOIN pg_constraint f ON f.contype = 'f'
     AND (f.oid = k.oid OR (k.contype IN ('p', 'u') AND f.conindid = k.conindid))
    WHERE w.reach & 64 <> 0
    UNION
    SELECT CASE f.conrelid WHEN w.oid THEN f.confrelid ELSE f.conrelid END, w.mode, 0
    FROM wanted w
    JOIN pg_attribute a ON a.attrelid = w.oid AND a.attname = w.detail AND NOT a.attisdropped
    JOIN pg_constraint f ON f.contype = 'f'
     AND ((f.conrelid = w.oid AND a.attnum = ANY (f.conkey))
          OR (f.confrelid = w.oid AND a.attnum = ANY (f.confkey)))
    WHERE w.reach & 128 <> 0
    UNION
    SELECT w.oid, w.mode, 2
    FROM wanted w JOIN pg_constraint k ON k.conrelid = w.oid AND k.conname = w.detail
    WHERE w.reach & 1024 <> 0 AND k.contype IN ('c', 'n') AND NOT k.connoinherit
    UNION
    SELECT i.indrelid, w.mode, w.reach & 3
    FROM wanted w JOIN pg_index i ON i.indexrelid = w.oid
    WHERE w.reach & 256 <> 0
),
tree AS (
    SELECT oid, mode, reach FROM reached
    UNION
    SELECT h.inhrelid, t.mode, t.reach
    FROM tree t JOIN pg_inherits h ON h.inhparent = t.oid JOIN pg_class c ON c.oid = h.inhrelid
    WHERE t.reach & 2 <> 0 OR (t.reach & 1 <> 0 AND c.relispartition)
),
need AS (
    SELECT oid, max(mode) AS mode FROM tree GROUP BY oid
)
SELECT c.oid, quote_ident(n.nspname) || '.' || quote_ident(c.relname), c.relkind, d.mode,
       c.relkind IN ('r', 'p') AND has_table_privilege(c.oid, 'UPDATE, DELETE, TRUNCATE'),
       (SELECT string_agg(parent::text, ' ') FROM (
            SELECT h.inhparent AS parent FROM pg_inherits h WHERE h.inhrelid = c.oid
            UNION
            SELECT k.confrelid FROM pg_constraint k
            WHERE k.conrelid = c.oid AND k.contype = 'f' AND k.confrelid <> c.oid
            UNION
            SELECT i.indrelid FROM pg_index i WHERE i.indexrelid = c.oid) above
        WHERE parent IN (SELECT oid FROM need))
FROM need d
JOIN pg_class c ON c.oid = d.oid
JOIN pg_namespace n ON n.oid = c.relnamespace
ORDER BY c.oid
