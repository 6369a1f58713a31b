-- finished when version >= 2
UPDATE docs SET version = 2 WHERE kind = 1 OR kind = 2;