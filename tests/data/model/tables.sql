CREATE TABLE users (
    id bigint PRIMARY KEY,
    email text NOT NULL UNIQUE,
    age int CHECK (age > 0),
    n numeric(10,2) DEFAULT 0,
    CHECK (age < 200 AND id > 0)
);
