-- finished when b > 2
-- finished when b > 3
UPDATE users SET b = b + 1;