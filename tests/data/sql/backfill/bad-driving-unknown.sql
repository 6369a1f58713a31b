-- driving table b
UPDATE users u SET city = a.city
FROM addresses a WHERE a.owner = u.id AND u.city IS NULL AND a.city IS NOT NULL