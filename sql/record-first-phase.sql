-- record-phase.sql for a revision ($1, title $2, parents $3) that has no row yet, and whose first phase
-- ends expanded ($4, $5, final $6): nothing can be there to be changed, which costs the server half.
WITH reached AS (
    INSERT INTO sluice.revision
        (id, title, parents, state, final, applied_by, tool, expanded_at)
    VALUES ($1, $2, ARRAY(SELECT json_array_elements_text($3)), $4, $6::boolean, $7, $8,
            CASE WHEN $5::int >= 1 THEN now() END)
), frozen AS (
    INSERT INTO sluice.section (revision, section, checksum)
    SELECT $1, key, value FROM json_each_text($9)
)
INSERT INTO sluice.step (revision, phase, ordinal, statement, hash, state, attempts, lock_wait_ms,
                         duration_ms, started_at, finished_at)
SELECT $1, $10, ordinal, statement, hash, 'done', 1, 0,
       1000 * extract(epoch FROM clock_timestamp() - now()), now(), clock_timestamp()
  FROM json_to_recordset($11) AS w (ordinal int, statement text, hash text)
