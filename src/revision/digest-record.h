/*
 * revision/digest-record.h - the lines of HEAD and SUMS as they stand in a folder. Private to the
 * room.
 *
 * Reading never fails over what the files hold: git may have left its conflict marks in them, and
 * whoever reads them is about to say so or to write them anew.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct {
    char *id;     /* NULL: the file holds no line of ours */
    char *digest; /* hex */
    char *theirs; /* between git's conflict marks: the other side's id, @id being ours; else NULL */
} HeadLine;

typedef struct {
    GHashTable *sums;  /* id -> GPtrArray of char *: more than one where git merged a union */
    GHashTable *heads; /* file name -> HeadLine * */
    int odd_line;      /* the first of SUMS that is no `<id> <sha256>`; 0: none */
} DigestRecord;

void digest_record_load(DigestRecord *record, const char *folder);
void digest_record_clear(DigestRecord *record);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(DigestRecord, digest_record_clear)

/* The sums that SUMS has of @id; NULL if none. Borrowed. */
const GPtrArray *digest_record_sums(const DigestRecord *record, const char *id);

HeadLine *head_line_read(const char *path);
void head_line_free(HeadLine *line);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HeadLine, head_line_free)
/* "HEAD", "HEAD.shop". */
bool head_name_is(const char *name);
/* "HEAD.shop" of "shop", "HEAD" of "". Caller owns. */
char *head_name_of(const char *label);
/* For g_ptr_array_sort of char *: what these files list comes in one order. */
int digest_compare_text(const void *a, const void *b);
