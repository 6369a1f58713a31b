-- café
CREATE INDEX i ON users (a); -- é
