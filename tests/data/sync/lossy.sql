-- Revision: 4a
-- Title: prices in cents

-- sluice: sync prices
SELECT (price * 100)::bigint AS price_cents;
-- sluice: sync prices reverse
SELECT price_cents / 100.0 AS price;
