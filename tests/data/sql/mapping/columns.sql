SELECT a AS b, "Full Name" AS "Display", c AS "select"
