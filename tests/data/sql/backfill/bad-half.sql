UPDATE users SET display_name = lower( full_name )
WHERE display_name IS NULL