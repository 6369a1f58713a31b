-- +migrate Up notransaction
CREATE UNIQUE INDEX CONCURRENTLY i ON users (a);
CREATE INDEX CONCURRENTLY j ON users (b);
-- +migrate Down
DROP INDEX i;
DROP TABLE users;
