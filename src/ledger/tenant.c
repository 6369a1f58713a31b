#include "ledger/tenant.h"

#include <string.h>

const char *
ledger_tenant(const PgConn *conn)
{
    const char *schema = pg_schema(conn);

    return schema ? schema : "";
}

char *
ledger_key(const PgConn *conn, const char *id)
{
    const char *schema = pg_schema(conn);

    return schema && id ? g_strconcat(schema, "/", id, NULL) : g_strdup(id);
}

const char *
ledger_id(const PgConn *conn, const char *key)
{
    const char *schema = pg_schema(conn);
    const size_t length = schema ? strlen(schema) : 0;

    return schema && strncmp(key, schema, length) == 0 && key[length] == '/' ? key + length + 1
                                                                             : key;
}
