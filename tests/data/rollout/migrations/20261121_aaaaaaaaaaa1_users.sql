-- Revision: aaaaaaaaaaa1
-- Title: users

-- sluice: expand
CREATE TABLE users (id int PRIMARY KEY, full_name text);
