-- Revision: 3f2a9c1b7d20
-- Revises: 127bcea40bef
-- Title: users display name
-- Created: 2026-11-21T20:53:02Z
-- sluice: sync users to addresses reverse
SELECT 1 AS a;
