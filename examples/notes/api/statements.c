#include "api/statements.h"

#include "api/version.h"

#define USER_COLUMNS "id, " NAME_COLUMN ", email, last_seen"

const Statement statements[STATEMENT_N] = {
    [STATEMENT_USER_GET] = {"user_get", "SELECT " USER_COLUMNS " FROM users WHERE id = $1", 1},
    [STATEMENT_USER_CREATE] = {"user_create",
                               "INSERT INTO users (" NAME_COLUMN ", email) VALUES ($1, $2) "
                               "RETURNING " USER_COLUMNS,
                               2},
    [STATEMENT_USER_SET_NAME] = {"user_set_name",
                                 "UPDATE users SET " NAME_COLUMN " = $2 "
                                 "WHERE id = $1 RETURNING " USER_COLUMNS,
                                 2},
    [STATEMENT_USER_SET_EMAIL] = {"user_set_email",
                                  "UPDATE users SET email = $2 "
                                  "WHERE id = $1 RETURNING " USER_COLUMNS,
                                  2},
    [STATEMENT_USER_SET_BOTH] = {"user_set_both",
                                 "UPDATE users SET " NAME_COLUMN " = $2, email = $3 "
                                 "WHERE id = $1 RETURNING " USER_COLUMNS,
                                 3},
    [STATEMENT_NOTES_OF_USER] = {"notes_of_user",
                                 "SELECT n.id, n.user_id, u." NAME_COLUMN ", n.body "
                                 "FROM notes n JOIN users u ON u.id = n.user_id "
                                 "WHERE n.user_id = $1 ORDER BY n.id DESC LIMIT 50",
                                 1},
    [STATEMENT_NOTE_CREATE] = {"note_create",
                               "INSERT INTO notes (user_id, body) VALUES ($1, $2) "
                               "RETURNING id, user_id, NULL, body",
                               2},
    [STATEMENT_READY] = {"ready", "SELECT " READY_CONDITION, 0},
};
