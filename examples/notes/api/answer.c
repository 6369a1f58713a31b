#include "api/answer.h"

#include <stdarg.h>
#include <string.h>

Answer
answer_json(unsigned status, json_t *take_body)
{
    return (Answer){.status = status, .body = take_body};
}

Answer
answer_error(unsigned status, const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    return answer_json(status, json_pack("{s:s}", "error", text));
}

/* SQLSTATE classes: 22 bad data, 23 constraint, 57P0x the server goes down. */
static unsigned
status_of_sqlstate(const char *sqlstate)
{
    if (g_str_has_prefix(sqlstate, "22"))
        return 400;
    if (g_str_has_prefix(sqlstate, "23"))
        return 409;
    return g_str_has_prefix(sqlstate, "57P") ? 503 : 500;
}

Answer
answer_failure(const Session *session, const PGresult *result)
{
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

    if (session_is_lost(session) || sqlstate == NULL)
        return answer_error(503, "the database session was lost");
    return answer_error(status_of_sqlstate(sqlstate), "%s (SQLSTATE %s)", message, sqlstate);
}
