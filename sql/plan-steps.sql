-- $1 revision, $2 phase, $3 [{ordinal, statement, hash}]: one statement, so that the journal is never
-- half planned. What is done stays as it is; so does what is running with the same hash, for its
-- effect may be there.
WITH wanted AS (
    SELECT * FROM jsonb_to_recordset($3::jsonb) AS w (ordinal int, statement text, hash text)
), gone AS (
    DELETE FROM sluice.step
     WHERE revision = $1 AND phase = $2 AND state <> 'done'
       AND ordinal NOT IN (SELECT ordinal FROM wanted)
)
INSERT INTO sluice.step AS s (revision, phase, ordinal, statement, hash)
SELECT $1, $2, ordinal, statement, hash FROM wanted
    ON CONFLICT (revision, phase, ordinal) DO UPDATE
   SET statement = excluded.statement, hash = excluded.hash, state = 'planned', error = NULL
 WHERE NOT (s.state = 'done' OR s.state = 'running' AND s.hash = excluded.hash)
