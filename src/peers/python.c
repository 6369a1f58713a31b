#include "peers/python.h"

#include <string.h>

static void
value_free(PythonValue *value)
{
    g_ptr_array_unref(value->strings);
    g_free(value);
}

void
python_file_clear(PythonFile *file)
{
    g_free(file->docstring);
    g_clear_pointer(&file->names, g_hash_table_unref);
    file->docstring = NULL;
}

const PythonValue *
python_get(const PythonFile *file, const char *name)
{
    return g_hash_table_lookup(file->names, name);
}

static bool
is_name(char c)
{
    return g_ascii_isalnum(c) || c == '_' || (unsigned char) c >= 0x80;
}

/* If a string begins at @c, where its quote stands (behind r, b, u, f), else NULL. */
static const char *
string_quote(const char *c)
{
    int prefix = 0;

    while (prefix < 2 && *c && strchr("rRbBuUfF", *c)) {
        c++;
        prefix++;
    }
    return *c == '"' || *c == '\'' ? c : NULL;
}

/* One escape at @c, which is a backslash; returns what is behind it. */
static const char *
append_escape(GString *out, const char *c)
{
    static const char letters[] = "ntr\\'\"abfv", values[] = "\n\t\r\\'\"\a\b\f\v";
    const char *letter = c[1] ? strchr(letters, c[1]) : NULL;
    const int digits = c[1] == 'x' ? 2 : c[1] == 'u' ? 4 : c[1] == 'U' ? 8 : 0;

    if (c[1] == '\n')
        return c + 2;
    if (letter != NULL) {
        g_string_append_c(out, values[letter - letters]);
        return c + 2;
    }
    if (digits > 0 && strspn(c + 2, "0123456789abcdefABCDEF") >= (size_t) digits) {
        g_autofree char *hex = g_strndup(c + 2, (gsize) digits);
        const gunichar code = (gunichar) g_ascii_strtoull(hex, NULL, 16);

        g_string_append_unichar(out, g_unichar_validate(code) && code ? code : 0xFFFD);
        return c + 2 + digits;
    }
    g_string_append_c(out, '\\');
    return c + 1;
}

/* Over the string at @c, whose value goes to @out; *@ret_literal: false for an f-string. */
static const char *
take_string(const char *c, GString *out, bool *ret_literal)
{
    const char *quote = string_quote(c);
    const bool raw = memchr(c, 'r', (size_t) (quote - c)) || memchr(c, 'R', (size_t) (quote - c));
    const char mark[] = {*quote, *quote, *quote, '\0'};
    const bool triple = strncmp(quote, mark, 3) == 0;
    const size_t length = triple ? 3 : 1;

    if (memchr(c, 'f', (size_t) (quote - c)) || memchr(c, 'F', (size_t) (quote - c)))
        *ret_literal = false;
    c = quote + length;
    while (*c && strncmp(c, mark, length) != 0 && (triple || *c != '\n')) {
        if (*c == '\\' && raw && c[1]) {
            g_string_append_len(out, c, 2);
            c += 2;
        } else if (*c == '\\') {
            c = append_escape(out, c);
        } else {
            g_string_append_c(out, *c++);
        }
    }
    return *c ? c + length : c;
}

static const char *
skip_comment(const char *c)
{
    return c + strcspn(c, "\n");
}

/* Over one token of an expression, keeping count of brackets. */
static const char *
skip_token(const char *c, int *depth)
{
    g_autoptr(GString) unused = g_string_new(NULL);
    bool literal;

    if (*c == '#')
        return skip_comment(c);
    if (string_quote(c) != NULL)
        return take_string(c, unused, &literal);
    if (is_name(*c)) {
        while (is_name(*c))
            c++;
        return c;
    }
    if (strchr("([{", *c))
        ++*depth;
    if (strchr(")]}", *c))
        --*depth;
    return *c == '\\' && c[1] == '\n' ? c + 2 : c + 1;
}

/* To the end of the statement at @c. */
static const char *
skip_statement(const char *c)
{
    int depth = 0;

    while (*c && (depth > 0 || *c != '\n'))
        c = skip_token(c, &depth);
    return *c ? c + 1 : c;
}

/* The value at @c, to the end of its statement. */
static PythonValue *
take_value(const char *c)
{
    PythonValue *value = g_new0(PythonValue, 1);
    bool after_string = false;
    int depth = 0;

    *value = (PythonValue){.strings = g_ptr_array_new_with_free_func(g_free), .is_literal = true};
    while (*c && (depth > 0 || (*c != '\n' && *c != ';'))) {
        if (*c == '#') {
            c = skip_comment(c);
        } else if (string_quote(c) != NULL) {
            GString *text = g_string_new(NULL);

            c = take_string(c, text, &value->is_literal);
            if (after_string) { /* "a" "b" are one string */
                char **last = (char **) &value->strings->pdata[value->strings->len - 1];
                g_string_prepend(text, *last);
                g_free(*last);
                *last = g_string_free(text, FALSE);
            } else {
                g_ptr_array_add(value->strings, g_string_free(text, FALSE));
            }
            after_string = true;
        } else if (strncmp(c, "None", 4) == 0 && !is_name(c[4])) {
            c += 4;
        } else if (g_ascii_isspace(*c) || *c == '\\') {
            c++;
        } else {
            after_string = false;
            if (!strchr("()[],{}", *c))
                value->is_literal = false;
            c = skip_token(c, &depth);
        }
    }
    return value;
}

/* `name = value` or `name: type = value` at @c: where the value begins, else NULL. */
static const char *
assigned_value(const char *c, char **ret_name)
{
    const char *end = c;
    int depth = 0;

    while (is_name(*end))
        end++;
    if (end == c)
        return NULL;
    *ret_name = g_strndup(c, (gsize) (end - c));
    end += strspn(end, " \t");
    if (*end == ':') {
        for (end++; *end && (depth > 0 || (*end != '=' && *end != '\n'));)
            end = skip_token(end, &depth);
    }
    return *end == '=' && end[1] != '=' ? end + 1 : NULL;
}

void
python_read(PythonFile *file, const char *text)
{
    bool first = true;

    *file = (PythonFile){
        NULL, g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify) value_free)};
    for (const char *c = text; *c; c = skip_statement(c)) {
        g_autofree char *name = NULL;
        const char *value;

        if (*c == '#' || g_ascii_isspace(*c))
            continue;
        if (first && string_quote(c) != NULL) {
            GString *docstring = g_string_new(NULL);
            bool literal;

            take_string(c, docstring, &literal);
            file->docstring = g_string_free(docstring, FALSE);
        }
        first = false;
        value = assigned_value(c, &name);
        if (value != NULL) {
            PythonValue *taken = take_value(value);

            for (const char *at = text; at < c; at++)
                taken->line += *at == '\n';
            taken->line++;
            g_hash_table_insert(file->names, g_steal_pointer(&name), taken);
        }
    }
}
