CREATE INDEX i ON users (a);
---- create above / drop below ----
DROP TABLE users;
