-- A revision ($1) reaches a state ($2, the $4th): times of the states behind it stay, those before it
-- go, for they were undone.
UPDATE sluice.revision
   SET state = $2, final = $3::boolean, partly = NULL,
       expanded_at = CASE WHEN $4::int >= 1 THEN coalesce(expanded_at, now()) END,
       backfilled_at = CASE WHEN $4::int > 2 THEN backfilled_at
                            WHEN $4::int = 2 THEN coalesce(backfilled_at, now()) END,
       cut_over_at = CASE WHEN $4::int > 3 THEN cut_over_at
                          WHEN $4::int = 3 THEN coalesce(cut_over_at, now()) END,
       contracted_at = CASE WHEN $4::int = 4 THEN now() END
 WHERE id = $1
