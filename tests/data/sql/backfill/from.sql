UPDATE users u SET city = a.city
FROM addresses a JOIN kinds k ON k.id = a.kind
WHERE a.owner = u.id AND k.name = 'home' AND u.city IS NULL AND a.city IS NOT NULL;