-- Has: sluice_filled_4a
-- Revision: 4a
-- Title: no nick is the empty name

-- sluice: sync users
SELECT coalesce(name, '-') AS nick;
-- sluice: sync users reverse
SELECT coalesce(nick, '') AS name;
