/*
 * base/descriptor.h - a file descriptor that is closed when its owner goes out of scope.
 *
 * `g_auto(Descriptor) fd = open(..)`; a negative one is none.
 */
#pragma once

#include <glib.h>
#include <unistd.h>

typedef int Descriptor;

static inline void
descriptor_clear(Descriptor *fd)
{
    if (*fd >= 0)
        close(*fd);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Descriptor, descriptor_clear)
