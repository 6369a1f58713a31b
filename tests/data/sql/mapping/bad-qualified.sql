SELECT lower(a) || ' ' || coalesce(b, 'a') AS name,
  CASE WHEN a IS NULL THEN 1 ELSE length ( a ) END AS n, -- a comment
  (addr).street /* x */ AS street, a::int AS i, ARRAY[a, b] AS arr, t.x AS never;