INSERT INTO shop.profiles AS p (user_id, kind)
SELECT id, k.name FROM kinds k RIGHT JOIN users ON k.id = users.kind
ON CONFLICT (user_id) DO NOTHING