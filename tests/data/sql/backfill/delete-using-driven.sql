-- driving table u
DELETE FROM notes USING users u WHERE u.id = notes.owner AND u.gone