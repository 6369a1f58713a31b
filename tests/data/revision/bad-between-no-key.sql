-- Revision: 3f2a9c1b7d20
-- Revises: 127bcea40bef
-- Title: users display name
-- Created: 2026-11-21T20:53:02Z
-- sluice: sync users to app.addresses
SELECT id AS user_id, lower(street) AS street
WHERE street > '';
-- sluice: sync app.addresses to users
-- sluice: key id
-- sluice: rows stay
SELECT user_id AS id, street;
