#include "sync/identifier.h"

#include <string.h>

#include "base/text.h"

enum { IDENTIFIER_MAX = 63, HASH_DIGITS = 8 };

char *
sync_identifier(char *take_whole, const char *ending)
{
    g_autofree char *whole = take_whole;
    g_autofree char *hash = NULL;
    const size_t room = IDENTIFIER_MAX - strlen(ending);
    const char *end;

    if (strlen(whole) <= room)
        return g_strconcat(whole, ending, NULL);
    hash = text_sha256(whole);
    end = whole + room - HASH_DIGITS - 1;
    /* Not within a character. */
    while ((*end & 0xC0) == 0x80)
        end--;
    return g_strdup_printf("%.*s~%.*s%s", (int) (end - whole), whole, HASH_DIGITS, hash, ending);
}
