-- driving table a
UPDATE users u SET city = a.city
FROM kinds LEFT JOIN addresses a ON a.kind = kinds.id
WHERE kinds.id = u.id AND u.city IS NULL AND a.city IS NOT NULL