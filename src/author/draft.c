#include "author/draft.h"

void
draft_clear(Draft *draft)
{
    for (guint i = 0; i < SECTION_N; i++)
        if (draft->sections[i])
            g_string_free(draft->sections[i], TRUE);
    *draft = (Draft){0};
}

GString *
draft_section(Draft *draft, SectionKind kind)
{
    if (draft->sections[kind] == NULL)
        draft->sections[kind] = g_string_new(NULL);
    return draft->sections[kind];
}

void
draft_add(Draft *draft, SectionKind kind, const char *format, ...)
{
    va_list values;

    va_start(values, format);
    g_string_append_vprintf(draft_section(draft, kind), format, values);
    va_end(values);
}

/* One a table: so they carry their own markers. */
void
draft_add_mapping(Draft *draft, const char *table, const char *forward, const char *reverse)
{
    draft_add(draft, SECTION_SYNC,
              "-- sluice: sync %s\nSELECT %s;\n-- sluice: sync %s reverse\nSELECT %s;\n\n", table,
              forward, table, reverse);
}

char *
draft_text(const Draft *draft)
{
    GString *text = g_string_new(NULL);

    for (SectionKind kind = 0; kind < SECTION_N; kind++) {
        const GString *section = draft->sections[kind];

        if (section && (kind == SECTION_SYNC || kind == SECTION_SYNC_TO))
            g_string_append(text, section->str);
        else if (section)
            g_string_append_printf(text, "-- sluice: %s\n%s\n", section_kind_name(kind),
                                   section->str);
    }
    g_string_truncate(text, text->len - 1); /* the blank line behind the last */
    return g_string_free(text, FALSE);
}
