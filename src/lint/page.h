/*
 * lint/page.h - the pages of docs/rules, in the program.
 */
#pragma once

/* Markdown; NULL: the rule has no page. */
const char *lint_page(const char *rule);
