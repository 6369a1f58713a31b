-- before
/* and /* nested */ */ SELECT 1 /* inside */ + 2 -- behind
;
;;
  SELECT 2 -- the end
