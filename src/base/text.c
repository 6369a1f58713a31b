#include "base/text.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/error.h"

typedef struct {
    const char *name;
    gint64 factor;
} Unit;

static const Unit duration_units[] = {{"ms", 1},      {"s", 1000},     {"m", 60000}, {"min", 60000},
                                      {"h", 3600000}, {"d", 86400000}, {NULL, 0}};

static const Unit size_units[] = {{"B", 1},          {"kB", 1LL << 10}, {"MB", 1LL << 20},
                                  {"GB", 1LL << 30}, {"TB", 1LL << 40}, {NULL, 0}};

static bool
parse_with_unit(const char *text, const Unit *units, const char *what, const char *example,
                gint64 *ret_value, GError **error)
{
    char *end = NULL;
    const double number = g_ascii_strtod(text, &end);

    while (end > text && *end == ' ')
        end++;
    if (end == text || !isfinite(number) || number < 0)
        return error_set(error, ERROR_CONFIG, "'%s' is not a %s, such as '%s'", text, what,
                         example);
    if (*end == '\0' && number <= 0) {
        *ret_value = 0;
        return true;
    }
    for (const Unit *unit = units; unit->name; unit++) {
        const double value = number * (double) unit->factor;
        if (strcmp(end, unit->name) == 0 && value < 9e18) {
            *ret_value = llround(value);
            return true;
        }
    }
    return error_set(error, ERROR_CONFIG,
                     "'%s' is not a %s: write a number and a unit, such as '%s'", text, what,
                     example);
}

bool
text_parse_duration_ms(const char *text, gint64 *ret_ms, GError **error)
{
    return parse_with_unit(text, duration_units, "duration", "50ms", ret_ms, error);
}

char *
text_format_duration_ms(gint64 ms)
{
    if (ms < 1000)
        return g_strdup_printf("%" G_GINT64_FORMAT "ms", ms);
    if (ms < 59950) /* above, one decimal would round to 60.0s */
        return g_strdup_printf("%.1fs", (double) ms / 1000);
    if (ms < 60000)
        ms = 60000;
    if (ms < 3600000)
        return g_strdup_printf("%" G_GINT64_FORMAT "m %02" G_GINT64_FORMAT "s", ms / 60000,
                               ms / 1000 % 60);
    return g_strdup_printf("%" G_GINT64_FORMAT "h %02" G_GINT64_FORMAT "m", ms / 3600000,
                           ms / 60000 % 60);
}

bool
text_parse_size(const char *text, gint64 *ret_bytes, GError **error)
{
    return parse_with_unit(text, size_units, "size", "64MB", ret_bytes, error);
}

char *
text_format_size(gint64 bytes)
{
    const Unit *unit = size_units;

    while (unit[1].name && bytes >= unit[1].factor)
        unit++;
    if (unit->factor == 1)
        return g_strdup_printf("%" G_GINT64_FORMAT " B", bytes);
    return g_strdup_printf("%.1f %s", (double) bytes / (double) unit->factor, unit->name);
}

bool
text_parse_ratio(const char *text, double *ret_ratio, GError **error)
{
    char *end = NULL;
    double number = g_ascii_strtod(text, &end);

    if (end > text && strcmp(end, "%") == 0)
        number /= 100;
    else if (end == text || *end != '\0')
        number = -1;
    if (!(number >= 0 && number <= 1))
        return error_set(error, ERROR_CONFIG, "'%s' is not a share, such as '0.1%%'", text);
    *ret_ratio = number;
    return true;
}

bool
text_parse_int(const char *text, gint64 *ret_value, GError **error)
{
    char *end = NULL;
    gint64 value;

    errno = 0;
    value = g_ascii_strtoll(text, &end, 10);
    if (end == text || *end != '\0' || errno == ERANGE)
        return error_set(error, ERROR_CONFIG, "'%s' is not a whole number", text);
    *ret_value = value;
    return true;
}

bool
text_parse_bool(const char *text, bool *ret_value, GError **error)
{
    static const char *const yes[] = {"yes", "true", "on", "1", NULL};
    static const char *const no[] = {"no", "false", "off", "0", NULL};

    if (g_strv_contains(yes, text))
        *ret_value = true;
    else if (g_strv_contains(no, text))
        *ret_value = false;
    else
        return error_set(error, ERROR_CONFIG, "'%s' is neither 'yes' nor 'no'", text);
    return true;
}

char *
text_format_count(gint64 n)
{
    g_autofree char *digits = g_strdup_printf("%" G_GINT64_FORMAT, n);
    GString *out = g_string_new(NULL);
    const size_t length = strlen(digits);

    for (size_t i = 0; i < length; i++) {
        g_string_append_c(out, digits[i]);
        if (g_ascii_isdigit(digits[i]) && i + 1 < length && (length - i - 1) % 3 == 0)
            g_string_append_c(out, ',');
    }
    return g_string_free(out, FALSE);
}

/* Wagner and Fischer's algorithm with two rows. */
static size_t
edit_distance(const char *a, const char *b)
{
    const size_t length = strlen(b);
    g_autofree size_t *row = g_new(size_t, length + 1);

    for (size_t j = 0; j <= length; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1]; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= length; j++) {
            const size_t change = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            row[j] = MIN(change, MIN(row[j], row[j - 1]) + 1);
        }
    }
    return row[length];
}

const char *
text_nearest(const char *word, const char *const *names)
{
    const char *best = NULL;
    size_t limit = MAX(strlen(word) / 3, 2) + 1;

    for (; *names; names++) {
        const size_t distance = edit_distance(word, *names);
        if (distance < limit) {
            limit = distance;
            best = *names;
        }
    }
    return best;
}

char *
text_redact_url(const char *url)
{
    g_autofree char *half = NULL;
    /* Up to the last '@' before a query: a password with '@' or '/' in it is a mistake, and must
     * not be shown for it. */
    g_autoptr(GRegex) user = g_regex_new("(://[^:/@?#]*):[^?#]*@", 0, 0, NULL);
    g_autoptr(GRegex) pair = g_regex_new(
        "((?:ssl)?password\\s*=\\s*)('(?:[^'\\\\]|\\\\.)*'|[^&\\s]*)", G_REGEX_CASELESS, 0, NULL);

    half = g_regex_replace(user, url, -1, 0, "\\1:***@", 0, NULL);
    return g_regex_replace(pair, half, -1, 0, "\\1***", 0, NULL);
}

char *
text_printable(const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    GString *out = g_string_sized_new(strlen(valid));

    for (const char *at = valid; *at; at = g_utf8_next_char(at)) {
        const gunichar letter = g_utf8_get_char(at);
        const bool shown = letter == '\n' || letter == '\t' || !g_unichar_iscntrl(letter);
        g_string_append_unichar(out, shown ? letter : 0xFFFD);
    }
    return g_string_free(out, FALSE);
}

enum { MARK_BYTES = 256 }; /* from one mark to the next */

typedef struct {
    int line, column;
} Mark;

/* How @mark moves behind @text[0,bytes), or behind its end. False: that comes first. */
static bool
move_mark(Mark *mark, const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        if (text[i] == '\0')
            return false;
        if (text[i] == '\n')
            *mark = (Mark){mark->line + 1, 1};
        else
            mark->column += ((unsigned char) text[i] & 0xC0) != 0x80;
    }
    return true;
}

void
text_position(const char *text, size_t offset, int *ret_line, int *ret_column)
{
    Mark mark = {1, 1};

    move_mark(&mark, text, offset);
    *ret_line = mark.line;
    *ret_column = mark.column;
}

GArray *
text_marks(const char *text)
{
    GArray *marks = g_array_new(FALSE, FALSE, sizeof(Mark));
    Mark mark = {1, 1};

    do {
        g_array_append_val(marks, mark);
        text += MARK_BYTES;
    } while (move_mark(&mark, text - MARK_BYTES, MARK_BYTES));
    return marks;
}

void
text_position_by(const GArray *marks, const char *text, size_t offset, int *ret_line,
                 int *ret_column)
{
    const size_t index = MIN(offset / MARK_BYTES, marks->len - 1);
    Mark mark = g_array_index(marks, Mark, index);

    move_mark(&mark, text + index * MARK_BYTES, offset - index * MARK_BYTES);
    *ret_line = mark.line;
    *ret_column = mark.column;
}

char *
text_sha256(const char *text)
{
    return g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
}
