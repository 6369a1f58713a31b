-- +goose NO TRANSACTION
-- +goose Up
CREATE INDEX CONCURRENTLY i ON users (a);
CREATE INDEX CONCURRENTLY j ON users (b);
-- +goose Down
DROP TABLE users;
