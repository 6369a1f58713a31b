-- finished when last_seen IS NULL
DELETE FROM sessions