-- runner: flyway
SET statement_timeout = 0;
CREATE INDEX CONCURRENTLY i ON users (a);
