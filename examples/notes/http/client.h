/*
 * http/client.h - one keep-alive HTTP connection that hides nothing.
 *
 * Own code, because a library's client repeats a request when a kept connection turns out dead, and
 * that is just what a load that counts failures must see.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct HttpClient HttpClient;

typedef struct {
    int status;
    char instance[32]; /* X-Notes-Instance, "" if there is none: the proxy itself answered */
    char *body;        /* NUL-terminated; valid until the next request */
} HttpResponse;

/* To 127.0.0.1:@port; connects at the first request. */
HttpClient *http_client_new(guint16 port, gint64 timeout_ms);
void http_client_free(HttpClient *client);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HttpClient, http_client_free)

/* Sends once. False if no whole answer came; *@ret_reason (static text) says how far it got. @body
 * may be NULL. */
bool http_client_request(HttpClient *client, const char *method, const char *path, const char *body,
                         HttpResponse *ret_response, const char **ret_reason);

/* GET on a connection of its own: the status, or 0 if no answer came. */
int http_probe(guint16 port, const char *path, gint64 timeout_ms);
