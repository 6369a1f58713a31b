/*
 * api/notes.h - /notes/: what users wrote; a list shows the user's name beside each note.
 */
#pragma once

#include "api/answer.h"

/* The newest 50 notes of a user. */
Answer notes_list(Session *session, const char *user_id);
/* @input: {"user_id": number, "body": text}. */
Answer notes_create(Session *session, json_t *input);
