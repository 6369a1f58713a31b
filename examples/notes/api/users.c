#include "api/users.h"

static json_t *
text_or_null(const PGresult *result, int row, int column)
{
    return PQgetisnull(result, row, column) ? json_null()
                                            : json_string(PQgetvalue(result, row, column));
}

static Answer
answer_user(unsigned status, const Session *session, const PGresult *result, const char *id)
{
    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        return answer_failure(session, result);
    if (PQntuples(result) == 0)
        return answer_error(404, "there is no user %s", id);
    return answer_json(
        status, json_pack("{s:I, s:o, s:o, s:o}", "id",
                          (json_int_t) g_ascii_strtoll(PQgetvalue(result, 0, 0), NULL, 10), "name",
                          text_or_null(result, 0, 1), "email", text_or_null(result, 0, 2),
                          "last_seen", text_or_null(result, 0, 3)));
}

Answer
users_get(Session *session, const char *id)
{
    g_autoptr(PGresult) result = session_run(session, STATEMENT_USER_GET, (const char *[]){id});

    return answer_user(200, session, result, id);
}

Answer
users_create(Session *session, json_t *input)
{
    g_autoptr(PGresult) result = NULL;
    const char *name = json_string_value(json_object_get(input, "name"));
    const char *email = json_string_value(json_object_get(input, "email"));

    if (name == NULL)
        return answer_error(400, "\"name\" is missing");
    result = session_run(session, STATEMENT_USER_CREATE, (const char *[]){name, email});
    return answer_user(201, session, result, "new");
}

Answer
users_patch(Session *session, const char *id, json_t *input)
{
    g_autoptr(PGresult) result = NULL;
    const json_t *email = json_object_get(input, "email");
    const char *name = json_string_value(json_object_get(input, "name"));
    const char *email_text = json_string_value(email);

    if (name && email)
        result =
            session_run(session, STATEMENT_USER_SET_BOTH, (const char *[]){id, name, email_text});
    else if (name)
        result = session_run(session, STATEMENT_USER_SET_NAME, (const char *[]){id, name});
    else if (email)
        result = session_run(session, STATEMENT_USER_SET_EMAIL, (const char *[]){id, email_text});
    else
        return answer_error(400, "nothing to change: give \"name\", \"email\" or both");
    return answer_user(200, session, result, id);
}
