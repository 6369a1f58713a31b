/*
 * conf/option.h - private to conf: one scalar option, from its text into Settings.
 */
#pragma once

#include "conf/settings.h"

/* NULL if there is no such key. */
const OptionSpec *option_find(const char *key);
/* Checks @text and stores it. ERROR_CONFIG that names neither key nor place: the caller knows. */
bool option_apply(const OptionSpec *option, Settings *settings, const char *text, GError **error);
/* The option as @from has it. */
void option_copy(const OptionSpec *option, const Settings *from, Settings *to);
/* Every option at its default. */
void option_apply_defaults(Settings *settings);
void option_clear_all(Settings *settings);
