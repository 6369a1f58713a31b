/*
 * conf/lists.h - private to conf: the options that are lists, from their YAML into Settings.
 */
#pragma once

#include "conf/reader.h"
#include "conf/settings.h"

/* Reads the list option @key from @node; problems are noted in @reader. False if there is no such
 * option. */
bool lists_read(Reader *reader, const char *key, const yaml_node_t *node, Settings *settings);
/* All lists empty, never NULL. */
void lists_init(Settings *settings);
void lists_clear(Settings *settings);
