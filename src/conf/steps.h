/*
 * conf/steps.h - private to conf: rollout.steps, from YAML.
 *
 * A row is a bare word (`expand`), or one key with its value: `weight: 5`, `analysis: {for: 5m}`.
 * What each kind takes is a row of a table. Whether the order is safe is not looked at here.
 */
#pragma once

#include "conf/reader.h"
#include "conf/settings.h"

/* Fills @steps (StepSpec) anew; problems are noted in @reader. The file names in the places are
 * interned. */
void steps_read(Reader *reader, const char *key, const yaml_node_t *node, GArray *steps);
