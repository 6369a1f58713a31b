INSERT INTO profiles (user_id, city)
SELECT u.id, u.city IS DISTINCT FROM 'x'
FROM users u
WHERE u.city IS NOT NULL
ON CONFLICT (user_id) DO NOTHING;