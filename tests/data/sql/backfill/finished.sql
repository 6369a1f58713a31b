-- finished when version >= 2
UPDATE docs SET version = 2, body = upgrade(body)