-- Revision: 7d
-- Title: a name of 63 bytes

-- sluice: sync a_table_whose_name_is_as_long_as_the_server_takes_names_to_be_é
SELECT a AS b;
