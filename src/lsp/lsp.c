#include "lsp/lsp.h"

#include "base/error.h"
#include "lsp/answer.h"
#include "lsp/transport.h"

/* A code of JSON-RPC. */
enum { METHOD_NOT_FOUND = -32601 };

typedef struct {
    Model *before; /* the schema that it meets; NULL: to be made again */
    LintDocument *document;
} Open;

typedef struct {
    const Settings *settings;
    LintOptions options;
    FILE *output;
    GHashTable *open; /* uri -> Open * */
    bool shut_down, over;
} Server;

typedef struct {
    const char *name;
    /* A request's *@ret_result is sent back; of a notification it stays NULL. */
    bool (*handle)(Server *server, const json_t *params, json_t **ret_result, GError **error);
} Method;

static void
open_free(Open *open)
{
    lint_document_free(open->document);
    model_free(open->before);
    g_free(open);
}

static void
server_clear(Server *server)
{
    g_hash_table_unref(server->open);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Server, server_clear)

static const char *
text_member(const json_t *params, const char *object, const char *name)
{
    return json_string_value(json_object_get(json_object_get(params, object), name));
}

static bool
notify(Server *server, const char *method, json_t *take_params, GError **error)
{
    return transport_write(
        server->output,
        json_pack("{s:s, s:s, s:o}", "jsonrpc", "2.0", "method", method, "params", take_params),
        error);
}

static bool
publish(Server *server, const char *uri, json_t *take_diagnostics, GError **error)
{
    return notify(server, "textDocument/publishDiagnostics",
                  json_pack("{s:s, s:o}", "uri", uri, "diagnostics", take_diagnostics), error);
}

/* The graph may be broken while files are edited: then a file is seen by itself. */
static Model *
model_of(Server *server, const char *path, GError **error)
{
    g_autoptr(Graph) graph = graph_load(server->settings->migrations, NULL);
    g_autofree char *folder = g_canonicalize_filename(server->settings->migrations, NULL);
    g_autofree char *above = g_path_get_dirname(path);
    g_autofree char *name = g_path_get_basename(path);
    g_autofree char *in_graph = g_build_filename(server->settings->migrations, name, NULL);

    return lint_model_before(&server->options, g_str_equal(folder, above) ? graph : NULL, in_graph,
                             error);
}

/* The settings' mistakes are shown where the editor looks, and the server goes on. */
static bool
say_problem(Server *server, const GError *problem, GError **error)
{
    return notify(server, "window/showMessage",
                  json_pack("{s:i, s:s}", "type", 1, "message", problem->message), error);
}

static bool
analyze(Server *server, const char *uri, const char *text, GError **error)
{
    Open *open = g_hash_table_lookup(server->open, uri);
    g_autofree char *path = g_filename_from_uri(uri, NULL, NULL);
    g_autoptr(GError) problem = NULL;

    if (open == NULL || text == NULL)
        return true;
    if (open->before == NULL)
        open->before = model_of(server, path ? path : uri, &problem);
    g_clear_pointer(&open->document, lint_document_free);
    if (open->before != NULL)
        open->document = lint_document_new(&server->options, open->before, path ? path : uri,
                                           g_strdup(text), &problem);
    if (open->document == NULL)
        return say_problem(server, problem, error);
    return publish(server, uri, answer_diagnostics(open->document), error);
}

static bool
did_open(Server *server, const json_t *params, json_t **ret_result G_GNUC_UNUSED, GError **error)
{
    const char *uri = text_member(params, "textDocument", "uri");

    if (uri == NULL)
        return true;
    g_hash_table_insert(server->open, g_strdup(uri), g_new0(Open, 1));
    return analyze(server, uri, text_member(params, "textDocument", "text"), error);
}

static bool
did_change(Server *server, const json_t *params, json_t **ret_result G_GNUC_UNUSED, GError **error)
{
    const char *uri = text_member(params, "textDocument", "uri");
    const json_t *changes = json_object_get(params, "contentChanges");
    const json_t *last = json_array_get(changes, json_array_size(changes) - 1);

    if (uri == NULL || last == NULL)
        return true;
    return analyze(server, uri, json_string_value(json_object_get(last, "text")), error);
}

/* Others may follow it: what each open file meets is made again. */
static bool
did_save(Server *server, const json_t *params G_GNUC_UNUSED, json_t **ret_result G_GNUC_UNUSED,
         GError **error)
{
    GHashTableIter iter;
    void *uri, *value;

    g_hash_table_iter_init(&iter, server->open);
    while (g_hash_table_iter_next(&iter, &uri, &value)) {
        Open *open = value;
        g_autofree char *text =
            open->document ? g_strdup(lint_document_file(open->document)->text) : NULL;

        g_clear_pointer(&open->before, model_free);
        if (!analyze(server, uri, text, error))
            return false;
    }
    return true;
}

static bool
did_close(Server *server, const json_t *params, json_t **ret_result G_GNUC_UNUSED, GError **error)
{
    const char *uri = text_member(params, "textDocument", "uri");

    if (uri == NULL || !g_hash_table_remove(server->open, uri))
        return true;
    return publish(server, uri, json_array(), error);
}

static const LintDocument *
document_of(const Server *server, const json_t *params)
{
    const char *uri = text_member(params, "textDocument", "uri");
    const Open *open = uri ? g_hash_table_lookup(server->open, uri) : NULL;

    return open ? open->document : NULL;
}

static bool
hover(Server *server, const json_t *params, json_t **ret_result, GError **error G_GNUC_UNUSED)
{
    const LintDocument *document = document_of(server, params);

    *ret_result =
        document ? answer_hover(document, json_object_get(params, "position")) : json_null();
    return true;
}

static bool
code_action(Server *server, const json_t *params, json_t **ret_result, GError **error G_GNUC_UNUSED)
{
    const LintDocument *document = document_of(server, params);

    *ret_result = document ? answer_actions(document, text_member(params, "textDocument", "uri"),
                                            json_object_get(params, "range"))
                           : json_array();
    return true;
}

static bool
initialize(Server *server G_GNUC_UNUSED, const json_t *params G_GNUC_UNUSED, json_t **ret_result,
           GError **error G_GNUC_UNUSED)
{
    *ret_result =
        json_pack("{s:{s:{s:b, s:i, s:b}, s:b, s:{s:[s]}}, s:{s:s, s:s}}", "capabilities",
                  "textDocumentSync", "openClose", true, "change", 1 /* the whole text */, "save",
                  true, "hoverProvider", true, "codeActionProvider", "codeActionKinds", "quickfix",
                  "serverInfo", "name", "sluice", "version", SLUICE_VERSION);
    return true;
}

static bool
shut_down(Server *server, const json_t *params G_GNUC_UNUSED, json_t **ret_result,
          GError **error G_GNUC_UNUSED)
{
    server->shut_down = true;
    *ret_result = json_null();
    return true;
}

static bool
end(Server *server, const json_t *params G_GNUC_UNUSED, json_t **ret_result G_GNUC_UNUSED,
    GError **error G_GNUC_UNUSED)
{
    server->over = true;
    return true;
}

static const Method methods[] = {
    {"initialize", initialize},
    {"shutdown", shut_down},
    {"exit", end},
    {"textDocument/didOpen", did_open},
    {"textDocument/didChange", did_change},
    {"textDocument/didSave", did_save},
    {"textDocument/didClose", did_close},
    {"workspace/didChangeWatchedFiles", did_save},
    {"textDocument/hover", hover},
    {"textDocument/codeAction", code_action},
};

static bool
refuse(Server *server, json_t *id, const char *method, GError **error)
{
    g_autofree char *message = g_strdup_printf("there is no method '%s'", method);

    return transport_write(server->output,
                           json_pack("{s:s, s:O, s:{s:i, s:s}}", "jsonrpc", "2.0", "id", id,
                                     "error", "code", METHOD_NOT_FOUND, "message", message),
                           error);
}

static bool
dispatch(Server *server, const json_t *message, GError **error)
{
    const char *name = json_string_value(json_object_get(message, "method"));
    json_t *id = json_object_get(message, "id");
    json_t *result = NULL;

    for (guint i = 0; name != NULL && i < G_N_ELEMENTS(methods); i++) {
        if (!g_str_equal(methods[i].name, name))
            continue;
        if (!methods[i].handle(server, json_object_get(message, "params"), &result, error))
            return false;
        if (id == NULL || result == NULL)
            return true;
        return transport_write(
            server->output,
            json_pack("{s:s, s:O, s:o}", "jsonrpc", "2.0", "id", id, "result", result), error);
    }
    /* Answers to us, and notifications that we do not know, need none. */
    return name == NULL || id == NULL || refuse(server, id, name, error);
}

bool
lsp_serve(const Settings *settings, FILE *input, FILE *output, GError **error)
{
    g_auto(Server) server = {
        .settings = settings,
        .options = {.settings = settings,
                    .runner = lint_runner_find(settings->lint_runner),
                    .jobs = 1},
        .output = output,
        .open = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify) open_free),
    };

    while (!server.over) {
        g_autoptr(json_t) message = NULL;

        if (!transport_read(input, &message, error))
            return false;
        if (message == NULL)
            break;
        if (!dispatch(&server, message, error))
            return false;
    }
    if (!server.shut_down)
        return error_set(error, ERROR_STATE, "the editor went away without a shutdown");
    return true;
}
