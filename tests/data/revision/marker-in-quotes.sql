-- Revision: 3f2a9c1b7d20
-- Revises: 127bcea40bef
-- Title: users display name
-- Created: 2026-11-21T20:53:02Z
-- sluice: expand
CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $body$
BEGIN
-- sluice: contract
  RETURN '
-- sluice: verify
';
END $body$;
COMMENT ON FUNCTION f() IS E'it\'s
-- sluice: finish
';
/* out of use: /* nested */
-- sluice: backfill
*/
SELECT 1 AS "a
-- sluice: cutover
b";
-- sluice: downgrade
DROP FUNCTION f();
