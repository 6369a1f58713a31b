-- driving table a
UPDATE users u SET city = a.city
FROM shop.addresses a, kinds
WHERE a.owner = u.id AND u.city IS NULL AND a.city IS NOT NULL