-- Revision: 5b
-- Title: first and last name

-- sluice: sync people
SELECT split_part(name, ' ', 1) AS first, nullif(split_part(name, ' ', 2), '') AS last;
-- sluice: sync people reverse
SELECT concat_ws(' ', first, last) AS name;
