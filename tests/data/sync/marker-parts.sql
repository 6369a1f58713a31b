-- Has: sluice_filled_4a_2 sluice_filled_5b
-- Revision: 4a
-- Title: one of two parts needs it

-- sluice: sync goods
SELECT price AS cost, coalesce(name, '') AS title, length(name) AS size;
-- sluice: sync goods reverse
SELECT cost AS price, coalesce(title, '-') AS name;
-- Revision: 5b
-- Title: another mapping on the table
-- Revises: 4a

-- sluice: sync goods
SELECT coalesce(title, '') AS label;
-- sluice: sync goods reverse
SELECT coalesce(label, '') AS title;
