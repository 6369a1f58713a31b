-- $1: the needs as JSON, [{"oid", "mode"}]; $2: the stall budget, $3: how old a transaction may be
-- before it counts as one that does not end, both in ms.
WITH need AS (
    SELECT n.oid, n.mode, c.modes AS conflicts
    FROM json_to_recordset($1::json) AS n(oid oid, mode int)
    JOIN (VALUES
        (1, ARRAY['AccessExclusiveLock']),
        (2, ARRAY['ExclusiveLock', 'AccessExclusiveLock']),
        (3, ARRAY['ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock']),
        (4, ARRAY['ShareUpdateExclusiveLock', 'ShareLock', 'ShareRowExclusiveLock',
                  'ExclusiveLock', 'AccessExclusiveLock']),
        (5, ARRAY['RowExclusiveLock', 'ShareUpdateExclusiveLock', 'ShareRowExclusiveLock',
                  'ExclusiveLock', 'AccessExclusiveLock']),
        (6, ARRAY['RowExclusiveLock', 'ShareUpdateExclusiveLock', 'ShareLock',
                  'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock']),
        (7, ARRAY['RowShareLock', 'RowExclusiveLock', 'ShareUpdateExclusiveLock', 'ShareLock',
                  'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock']),
        (8, ARRAY['AccessShareLock', 'RowShareLock', 'RowExclusiveLock',
                  'ShareUpdateExclusiveLock', 'ShareLock', 'ShareRowExclusiveLock',
                  'ExclusiveLock', 'AccessExclusiveLock'])
    ) AS c(mode, modes) ON c.mode = n.mode
),
held AS (
    SELECT l.pid, l.virtualtransaction, bool_or(NOT l.granted) AS waiting,
           string_agg(DISTINCT l.mode || ' on ' || l.relation::regclass, ', ') AS locks
    FROM pg_locks l
    JOIN need n ON n.oid = l.relation
    WHERE l.locktype = 'relation'
      AND l.database IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
      AND l.pid IS DISTINCT FROM pg_backend_pid()
      AND ((l.granted AND l.mode = ANY (n.conflicts))
           OR (NOT l.granted AND l.mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock',
                                            'AccessExclusiveLock')))
    GROUP BY l.pid, l.virtualtransaction
),
holder AS (
    SELECT h.*, a.application_name, a.usename, a.backend_type, a.query, a.state,
           p.gid, p.owner,
           (extract(epoch FROM clock_timestamp() - coalesce(a.xact_start, p.prepared)) * 1000)::bigint
               AS age_ms,
           (extract(epoch FROM clock_timestamp() - a.state_change) * 1000)::bigint AS state_ms,
           v.pid IS NOT NULL AS vacuums,
           i.pid IS NOT NULL AND i.command LIKE '%CONCURRENTLY%' AS builds
    FROM held h
    LEFT JOIN pg_stat_activity a ON a.pid = h.pid
    -- A prepared transaction has no pid; it is known by the lock on its own number.
    LEFT JOIN pg_locks x
      ON h.pid IS NULL AND x.pid IS NULL AND x.locktype = 'transactionid' AND x.granted
     AND x.virtualtransaction = h.virtualtransaction
    LEFT JOIN pg_prepared_xacts p ON p.transaction = x.transactionid
    LEFT JOIN pg_stat_progress_vacuum v ON v.pid = h.pid
    LEFT JOIN pg_stat_progress_create_index i ON i.pid = h.pid
)
SELECT coalesce(pid, 0), application_name, usename, backend_type, state, query, gid, owner,
       coalesce(age_ms, 0), coalesce(state_ms, 0), waiting, vacuums, builds, locks
FROM holder
WHERE waiting OR pid IS NULL OR vacuums OR builds
   OR backend_type = 'autovacuum worker'
   OR age_ms > $3::bigint
   OR (state LIKE 'idle in transaction%' AND state_ms > $2::bigint)
   OR query ~* '\mvalidate\s+constraint\M'
ORDER BY age_ms DESC NULLS LAST, pid
