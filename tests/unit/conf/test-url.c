#include <string.h>

#include "base/error.h"
#include "conf/url.h"

typedef struct {
    const char *text;
    const char *url; /* NULL: refused, with this message */
    const char *message;
} UrlCase;

static const UrlCase cases[] = {
    {"postgresql://u@h:5432/d?sslmode=require", "postgresql://u@h:5432/d?sslmode=require", NULL},
    {"postgres://u@h/d", "postgresql://u@h/d", NULL},
    {"postgresql+psycopg2://u:p@h/d", "postgresql://u:p@h/d", NULL},
    {"postgresql+asyncpg://u@h/d?ssl=require&x=1", "postgresql://u@h/d?sslmode=require&x=1", NULL},
    {"postgresql+asyncpg://u@h/d?ssl=true", "postgresql://u@h/d?sslmode=require", NULL},
    {"POSTGRES://h/d", "postgresql://h/d", NULL},
    {"postgresql:///d?host=/run/pg", "postgresql:///d?host=/run/pg", NULL},
    {"host=/run/pg dbname=d", "host=/run/pg dbname=d", NULL},
    {"host=h password=a://b", "host=h password=a://b", NULL},
    {"mysql://u:secret@h/d", NULL, "'mysql://' is not a PostgreSQL URL"},
    {"db.example.com", NULL, "'db.example.com' is not a database URL"},
    {"", NULL, "'' is not a database URL"},
};

static void
test_normalise(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) failure = NULL;
        g_autofree char *url = url_normalise(cases[i].text, &failure);
        g_assert_cmpstr(url, ==, cases[i].url);
        g_assert_cmpstr(failure ? failure->message : NULL, ==, cases[i].message);
        g_assert_true(failure == NULL || error_is(failure, ERROR_CONFIG));
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/url/normalise", test_normalise);
    return g_test_run();
}
