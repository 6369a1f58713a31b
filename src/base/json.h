/*
 * base/json.h - jansson with automatic cleanup. Results are built with json_pack, and read with
 * json_unpack_ex; `g_autoptr(json_t)` owns one reference.
 */
#pragma once

#include <glib.h>
#include <jansson.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC(json_t, json_decref)
