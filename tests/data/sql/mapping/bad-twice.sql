SELECT a AS b,
  c AS b