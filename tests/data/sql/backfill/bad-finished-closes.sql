-- finished when true) OR (false
UPDATE t SET a = 1