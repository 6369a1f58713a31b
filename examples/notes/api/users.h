/*
 * api/users.h - /users/: one row of users, whatever its name's column is called.
 */
#pragma once

#include "api/answer.h"

Answer users_get(Session *session, const char *id);
/* @input: {"name": text, "email": text or null (may be missing)}. */
Answer users_create(Session *session, json_t *input);
/* @input: "name", "email" or both: what is not named is not touched. */
Answer users_patch(Session *session, const char *id, json_t *input);
