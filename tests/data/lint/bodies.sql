SET lock_timeout = '2s';
CREATE FUNCTION clean() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM users;
END $$;
SELECT clean();
DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM users) THEN
        DELETE FROM orders;
    END IF;
    EXECUTE 'DELETE FROM items';
    EXECUTE 'DELETE FROM ' || 'parts';
END $$;
SELECT unknown_function();
