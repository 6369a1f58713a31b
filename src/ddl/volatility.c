#include "ddl/volatility.h"

#include <stdlib.h>
#include <string.h>

/* Sorted by name, see tools/make-volatility. V: all of that name are volatile; M: some are; N: none
 * is. */
typedef struct {
    const char *name;
    char class;
} FunctionClass;

static const FunctionClass server_functions[] = {
#include "ddl/functions.def"
};

static int
compare_name(const void *key, const void *row)
{
    return strcmp(key, ((const FunctionClass *) row)->name);
}

static bool
look_up(const FunctionClass *row, Known *ret_volatile)
{
    if (row == NULL)
        return false;
    *ret_volatile = row->class == 'V' ? KNOWN_YES : row->class == 'M' ? KNOWN_MAYBE : KNOWN_NO;
    return true;
}

bool
volatility_of_server_function(const char *name, Known *ret_volatile)
{
    return look_up(bsearch(name, server_functions, G_N_ELEMENTS(server_functions),
                           sizeof(FunctionClass), compare_name),
                   ret_volatile);
}

bool
volatility_of_extension_function(const char *name, Known *ret_volatile)
{
    static const FunctionClass functions[] = {
        {"array_sample", 'V'},
        {"array_shuffle", 'V'},
        {"crypt", 'N'},
        {"digest", 'N'},
        {"gen_random_bytes", 'V'},
        {"gen_salt", 'V'},
        {"hmac", 'N'},
        {"random_normal", 'V'},
        {"unaccent", 'N'},
        {"uuid_generate_v1", 'V'},
        {"uuid_generate_v1mc", 'V'},
        {"uuid_generate_v3", 'N'},
        {"uuid_generate_v4", 'V'},
        {"uuid_generate_v5", 'N'},
        {"uuid_nil", 'N'},
        {"uuid_ns_dns", 'N'},
        {"uuid_ns_url", 'N'},
        {"uuidv4", 'V'},
        {"uuidv7", 'V'},
    };

    return look_up(
        bsearch(name, functions, G_N_ELEMENTS(functions), sizeof(FunctionClass), compare_name),
        ret_volatile);
}
