-- Revision: 6c
-- Title: two columns change places on the way back

-- sluice: sync "Order lines"
SELECT a AS x, b AS y;
-- sluice: sync "Order lines" reverse
SELECT coalesce(x, b) AS a, coalesce(y, a) AS b;
