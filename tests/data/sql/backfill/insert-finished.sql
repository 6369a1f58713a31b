-- finished when EXISTS (SELECT 1 FROM profiles p WHERE p.user_id = users.id)
INSERT INTO profiles (user_id) SELECT id FROM users ON CONFLICT DO NOTHING