-- Revision: 3f2a9c1b7d20
-- Revises: 127bcea40bef
-- Title: users display name
-- sluice: sync t
SELECT lower(email) AS email;
-- sluice: sync t reverse
SELECT email AS old_email;
