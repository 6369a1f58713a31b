/*
 * sync/mapped.h - a mapping without a server: what sluice adds by itself to a revision with one, in
 * a model of the schema. For a new column that cannot be NULL that is a CHECK, which is validated
 * before finish and gives way to NOT NULL before contract (not-null.h).
 */
#pragma once

#include "model/model.h"
#include "revision/revision.h"

/* A new column, under the name that expand gave it. */
typedef struct {
    DdlName table;
    const char *column;
    const GPtrArray *sources; /* char *: the columns that it is made from */
    bool was_indexed;         /* one of those was in an index when expand ended */
} MappedColumn;

typedef struct Mapped Mapped;

/* NULL: the revision maps no columns of a table to others of it. It borrows @revision. */
Mapped *mapped_new(const Revision *revision);
void mapped_free(Mapped *mapped);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Mapped, mapped_free)

/* Brings @model to what it is when @section begins; SECTION_N: at the end of the file. In the order
 * in which the sections run. */
void mapped_reach(Mapped *mapped, SectionKind section, Model *model);
/* Element-type const MappedColumn *. Borrowed. */
const GPtrArray *mapped_columns(const Mapped *mapped);
