-- Revision: 7a
-- Title: title and cents

-- sluice: sync goods
SELECT name AS title, (price * 100)::int AS cents, currency AS cents_of;
-- sluice: sync goods reverse
SELECT cents / 100.0 AS price, title AS name, cents_of AS currency;
