SELECT 1;
frobnicate;
SELECT 2;
