#include "lint/rule.h"

#include "base/text.h"

static const LintRule *const rules[] = {
#define RULE(name) &lint_rule_##name,
#include "lint/rules.def"
#undef RULE
    NULL,
};

const LintRule *const *
lint_rules(void)
{
    return rules;
}

const LintRule *
lint_rule_find(const char *id)
{
    for (guint i = 0; rules[i]; i++)
        if (g_str_equal(rules[i]->id, id))
            return rules[i];
    return NULL;
}

const char *
lint_rule_nearest(const char *word)
{
    const char *ids[G_N_ELEMENTS(rules)] = {NULL};

    for (guint i = 0; rules[i]; i++)
        ids[i] = rules[i]->id;
    return text_nearest(word, ids);
}
