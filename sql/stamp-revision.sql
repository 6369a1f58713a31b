-- A revision ($1, title $2, parents $3) is said to have reached a state ($4, the $5th; $6: its last),
-- by somebody ($7, with tool $8), with these sections as they are now ($9 {section: checksum}). Its
-- steps, mappings and backfills stay what they are: nothing has run.
WITH stamped AS (
    INSERT INTO sluice.revision AS r
        (id, title, parents, state, final, origin, applied_by, tool,
         expanded_at, backfilled_at, cut_over_at, contracted_at)
    VALUES ($1, $2, $3, $4, $6::boolean, $10, $7, $8,
            CASE WHEN $5::int >= 1 THEN now() END, CASE WHEN $5::int = 2 THEN now() END,
            CASE WHEN $5::int = 3 THEN now() END, CASE WHEN $5::int = 4 THEN now() END)
    ON CONFLICT (id) DO UPDATE
       SET title = excluded.title, parents = excluded.parents, state = excluded.state,
           final = excluded.final, partly = NULL, origin = excluded.origin,
           applied_by = excluded.applied_by, tool = excluded.tool,
           expanded_at = CASE WHEN $5::int >= 1 THEN coalesce(r.expanded_at, now()) END,
           backfilled_at = CASE WHEN $5::int > 2 THEN r.backfilled_at ELSE excluded.backfilled_at END,
           cut_over_at = CASE WHEN $5::int > 3 THEN r.cut_over_at ELSE excluded.cut_over_at END,
           contracted_at = excluded.contracted_at
    RETURNING id
), sections AS (
    SELECT key, value FROM json_each_text($9)
), thawed AS (
    DELETE FROM sluice.section WHERE revision = $1 AND section NOT IN (SELECT key FROM sections)
)
INSERT INTO sluice.section (revision, section, checksum)
SELECT stamped.id, key, value FROM stamped, sections
    ON CONFLICT (revision, section) DO UPDATE SET checksum = excluded.checksum
