-- the first
UPDATE users SET a = 1 WHERE a IS NULL;

-- finished when b > 2
UPDATE users SET b = b + 1;
DELETE FROM users WHERE c
-- driving table users
;