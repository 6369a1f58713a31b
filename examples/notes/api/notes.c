#include "api/notes.h"

static json_int_t
number(const PGresult *result, int row, int column)
{
    return g_ascii_strtoll(PQgetvalue(result, row, column), NULL, 10);
}

static json_t *
note(const PGresult *result, int row)
{
    json_t *object = json_pack("{s:I, s:I, s:s}", "id", number(result, row, 0), "user_id",
                               number(result, row, 1), "body", PQgetvalue(result, row, 3));

    if (!PQgetisnull(result, row, 2))
        json_object_set_new(object, "name", json_string(PQgetvalue(result, row, 2)));
    return object;
}

Answer
notes_list(Session *session, const char *user_id)
{
    g_autoptr(PGresult) result = NULL;
    json_t *list;

    if (user_id == NULL)
        return answer_error(400, "which user's notes? Add ?user_id=");
    result = session_run(session, STATEMENT_NOTES_OF_USER, (const char *[]){user_id});
    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        return answer_failure(session, result);
    list = json_array();
    for (int row = 0; row < PQntuples(result); row++)
        json_array_append_new(list, note(result, row));
    return answer_json(200, json_pack("{s:o}", "notes", list));
}

Answer
notes_create(Session *session, json_t *input)
{
    g_autoptr(PGresult) result = NULL;
    g_autofree char *user_id = NULL;
    const json_t *user = json_object_get(input, "user_id");
    const char *body = json_string_value(json_object_get(input, "body"));

    if (!json_is_integer(user) || body == NULL)
        return answer_error(400, "\"user_id\" or \"body\" is missing");
    user_id = g_strdup_printf("%" JSON_INTEGER_FORMAT, json_integer_value(user));
    result = session_run(session, STATEMENT_NOTE_CREATE, (const char *[]){user_id, body});
    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        return answer_failure(session, result);
    return answer_json(201, note(result, 0));
}
