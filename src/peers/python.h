/*
 * peers/python.h - what a Python file says in literals, read without running it. Private to the
 * room.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct {
    char *docstring;   /* NULL: none */
    GHashTable *names; /* char * -> PythonValue *: assignments at the file's top level */
} PythonFile;

typedef struct {
    GPtrArray *strings; /* char *: a string is one, None is none, a tuple or list is all of it */
    bool is_literal;    /* false: an expression, which only Python can tell */
    int line;
} PythonValue;

/* Never fails: what is no literal is marked as such. @text is UTF-8. */
void python_read(PythonFile *file, const char *text);
void python_file_clear(PythonFile *file);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PythonFile, python_file_clear)
/* NULL: nothing is assigned to @name. Borrowed. */
const PythonValue *python_get(const PythonFile *file, const char *name);
