-- A phase of a revision ($1, title $2, parents $3) has ended in a state ($4, the $5th; $6: its last),
-- run by somebody ($7, with tool $8): times of the states behind it stay, those before it go, for they
-- were undone. Of its sections ($9 {section: checksum}) those of a phase that was undone thaw; those
-- that ran keep the checksum they ran with, also if the file was edited since: that is what shows the
-- edit. Steps ($11 [{ordinal, statement, hash}], NULL: the journal has them) of the phase ($10) were
-- done by this transaction; what a failed run of another text planned goes.
WITH reached AS (
    INSERT INTO sluice.revision AS r
        (id, title, parents, state, final, applied_by, tool,
         expanded_at, backfilled_at, cut_over_at, contracted_at)
    VALUES ($1, $2, $3, $4, $6::boolean, $7, $8,
            CASE WHEN $5::int >= 1 THEN now() END, CASE WHEN $5::int = 2 THEN now() END,
            CASE WHEN $5::int = 3 THEN now() END, CASE WHEN $5::int = 4 THEN now() END)
    ON CONFLICT (id) DO UPDATE
       SET state = excluded.state, final = excluded.final, partly = NULL,
           expanded_at = CASE WHEN $5::int >= 1 THEN coalesce(r.expanded_at, now()) END,
           backfilled_at = CASE WHEN $5::int > 2 THEN r.backfilled_at
                                WHEN $5::int = 2 THEN coalesce(r.backfilled_at, now()) END,
           cut_over_at = CASE WHEN $5::int > 3 THEN r.cut_over_at
                              WHEN $5::int = 3 THEN coalesce(r.cut_over_at, now()) END,
           contracted_at = CASE WHEN $5::int = 4 THEN now() END
), ran AS (
    SELECT key, value FROM json_each_text($9)
), thawed AS (
    DELETE FROM sluice.section WHERE revision = $1 AND section NOT IN (SELECT key FROM ran)
), frozen AS (
    INSERT INTO sluice.section (revision, section, checksum)
    SELECT $1, key, value FROM ran ON CONFLICT DO NOTHING
), done AS (
    SELECT * FROM json_to_recordset($11) AS w (ordinal int, statement text, hash text)
), forgotten AS (
    DELETE FROM sluice.step
     WHERE $11::json IS NOT NULL AND revision = $1 AND phase = $10
       AND ordinal NOT IN (SELECT ordinal FROM done)
)
INSERT INTO sluice.step AS s (revision, phase, ordinal, statement, hash, state, attempts,
                              lock_wait_ms, duration_ms, started_at, finished_at)
SELECT $1, $10, ordinal, statement, hash, 'done', 1, 0,
       1000 * extract(epoch FROM clock_timestamp() - now()), now(), clock_timestamp()
  FROM done
    ON CONFLICT (revision, phase, ordinal) DO UPDATE
   SET statement = excluded.statement, hash = excluded.hash, state = 'done', error = NULL,
       attempts = excluded.attempts, lock_wait_ms = 0, duration_ms = excluded.duration_ms,
       started_at = excluded.started_at, finished_at = excluded.finished_at
