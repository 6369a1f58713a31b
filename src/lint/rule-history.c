/* Files among each other: what was released before, what comes after; and what lint itself is told
 * or cannot read. */
#include "lint/rule.h"

const LintRule lint_rule_parse_error = {
    .id = "parse-error",
    .level = LINT_ERROR,
    .title = "a statement, or the file, cannot be read",
};

const LintRule lint_rule_newer_grammar = {
    .id = "newer-grammar",
    .level = LINT_NOTE,
    .title = "a statement is newer than the grammar",
};

const LintRule lint_rule_suppression_hygiene = {
    .id = "suppression-hygiene",
    .level = LINT_WARNING,
    .title = "an allow comment that allows nothing, or without its reason",
};
