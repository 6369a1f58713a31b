-- Up
ALTER TABLE users DROP COLUMN a;
-- Down
DROP TABLE users;
