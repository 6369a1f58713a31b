#include "load/worker.h"

#include <stdio.h>
#include <string.h>

#include "http/client.h"

enum { HTTP_OK = 200, HTTP_CREATED = 201, HTTP_NOT_FOUND = 404 };
enum { REQUEST_TIMEOUT_MS = 30 * 1000, HOT_USERS = 40, NOTES_MAX = 40 };

/* Tags of users made by worker w begin at (w + 1) times this: beyond every loaded user's id. */
static const gint64 FIRST_NEW_TAG = 1000 * 1000 * 1000;

struct Worker {
    const LoadPlan *plan;
    guint number;
    HttpClient *client;
    GRand *random;
    GPtrArray *created; /* User *: by this worker */
    int last_status;    /* 0: no answer */
    bool sweeping;
};

static void
free_user(gpointer user)
{
    user_clear(user);
    g_free(user);
}

Worker *
worker_new(const LoadPlan *plan, guint number)
{
    Worker *worker = g_new0(Worker, 1);

    worker->plan = plan;
    worker->number = number;
    worker->client = http_client_new(plan->port, REQUEST_TIMEOUT_MS);
    worker->random = g_rand_new_with_seed(plan->seed + number);
    worker->created = g_ptr_array_new_with_free_func(free_user);
    return worker;
}

void
worker_free(Worker *worker)
{
    if (worker == NULL)
        return;
    http_client_free(worker->client);
    g_rand_free(worker->random);
    g_ptr_array_unref(worker->created);
    g_free(worker);
}

/* "500 column .. does not exist (SQLSTATE 42703)"; numbers, which differ from request to request,
 * become '#', so that equal reasons are counted together. Caller owns. */
static char *
failure_text(const HttpResponse *response)
{
    json_t *body = json_loads(response->body, 0, NULL);
    const char *message = json_string_value(json_object_get(body, "error"));
    char *text =
        g_strdup_printf("%d %.100s", response->status, message ? message : "from the proxy");

    for (char *c = text + 4; *c && !g_str_has_prefix(c, "(SQLSTATE"); c++)
        if (g_ascii_isdigit(*c))
            *c = '#';
    json_decref(body);
    return text;
}

/* One request, tallied. The answer's document if its status is @wanted, else NULL; @due_us 0: now.
 */
static json_t *
request(Worker *worker, gint64 due_us, const char *method, const char *path, json_t *take_input,
        int wanted)
{
    g_autofree char *input = take_input ? json_dumps(take_input, JSON_COMPACT) : NULL;
    g_autofree char *failure = NULL;
    HttpResponse response = {.instance = ""};
    Outcome outcome = {.sent_us = g_get_monotonic_time()};
    const char *reason = NULL;
    json_t *output = NULL;

    json_decref(take_input);
    outcome.due_us = due_us;
    if (!http_client_request(worker->client, method, path, input, &response, &reason))
        failure = g_strdup(reason);
    else if (response.status != wanted)
        failure = failure_text(&response);
    else if ((output = json_loads(response.body, 0, NULL)) == NULL)
        failure = g_strdup("the answer is not JSON");
    outcome.ended_us = g_get_monotonic_time();
    worker->last_status = response.status;
    response.instance[strcspn(response.instance, "/")] = '\0';
    outcome.version = response.instance;
    outcome.failure = failure;
    if (worker->sweeping)
        tally_sweep_request(worker->plan->tally, &outcome);
    else
        tally_request(worker->plan->tally, &outcome);
    return output;
}

static void
judge(Worker *worker, ReadVerdict verdict, const User *user, const char *column, const char *got)
{
    g_autofree char *what = g_strdup_printf("%s of user %" G_GINT64_FORMAT " is %s", column,
                                            user->id, got ? got : "null");

    tally_read(worker->plan->tally, verdict, what);
}

static void
check_cell(Worker *worker, User *user, CellKind kind, const json_t *document)
{
    const char *column = kind == CELL_NAME ? "name" : "email";
    const char *got = json_string_value(json_object_get(document, column));
    Cell *cell = kind == CELL_NAME ? &user->name : &user->email;

    judge(worker, cell_check(cell, kind, user->tag, got), user, column, got);
}

static void
get_user(Worker *worker, gint64 due_us, User *user, CellKind kind)
{
    g_autofree char *path = g_strdup_printf("/users/%" G_GINT64_FORMAT, user->id);
    json_t *output = request(worker, due_us, "GET", path, NULL, HTTP_OK);

    if (output)
        check_cell(worker, user, kind, output);
    else if (worker->last_status == HTTP_NOT_FOUND)
        judge(worker, READ_LOST, user, "the row", "missing");
    json_decref(output);
}

static void
patch_user(Worker *worker, gint64 due_us, User *user, CellKind kind)
{
    Cell *cell = kind == CELL_NAME ? &user->name : &user->email;
    g_autofree char *path = g_strdup_printf("/users/%" G_GINT64_FORMAT, user->id);
    g_autofree char *text = cell_text(kind, user->tag, cell_begin_write(cell));
    json_t *output =
        request(worker, due_us, "PATCH", path,
                json_pack("{s:s}", kind == CELL_NAME ? "name" : "email", text), HTTP_OK);

    if (output) {
        cell_acknowledge(cell);
        tally_write_acknowledged(worker->plan->tally);
        check_cell(worker, user, kind, output);
    }
    json_decref(output);
}

static void
create_user(Worker *worker, gint64 due_us)
{
    const gint64 tag = FIRST_NEW_TAG * (worker->number + 1) + worker->created->len;
    g_autofree char *name = cell_text(CELL_NAME, tag, 0);
    g_autofree char *email = cell_text(CELL_EMAIL, tag, 0);
    json_t *output = request(worker, due_us, "POST", "/users/",
                             json_pack("{s:s, s:s}", "name", name, "email", email), HTTP_CREATED);
    User *user;

    if (output == NULL)
        return;
    user = g_new0(User, 1);
    user->id = json_integer_value(json_object_get(output, "id"));
    user->tag = tag;
    user->name.written = user->email.written = true;
    g_ptr_array_add(worker->created, user);
    tally_write_acknowledged(worker->plan->tally);
    check_cell(worker, user, CELL_NAME, output);
    json_decref(output);
}

static void
create_note(Worker *worker, gint64 due_us, User *user)
{
    const guint32 generation = ++user->notes_attempted;
    g_autofree char *text = cell_text(CELL_NOTE, user->tag, generation);
    json_t *output = request(
        worker, due_us, "POST", "/notes/",
        json_pack("{s:I, s:s}", "user_id", (json_int_t) user->id, "body", text), HTTP_CREATED);

    if (output) {
        user_add_note(user, generation);
        tally_write_acknowledged(worker->plan->tally);
    }
    json_decref(output);
}

/* Each listed note must be one that was sent (or the table's own, 0); each acknowledged one must be
 * listed; and the name beside them is read through a join. */
static void
get_notes(Worker *worker, gint64 due_us, User *user)
{
    g_autofree char *path = g_strdup_printf("/notes/?user_id=%" G_GINT64_FORMAT, user->id);
    json_t *output = request(worker, due_us, "GET", path, NULL, HTTP_OK);
    const json_t *notes = json_object_get(output, "notes"), *note;
    guint acknowledged = user->notes ? user->notes->len : 0;
    size_t i;

    if (output == NULL)
        return;
    json_array_foreach(notes, i, note)
    {
        const char *body = json_string_value(json_object_get(note, "body"));
        guint32 generation;

        check_cell(worker, user, CELL_NAME, note);
        if (!cell_parse(CELL_NOTE, user->tag, body, &generation) ||
            generation > user->notes_attempted)
            judge(worker, READ_WRONG, user, "a note", body);
        else if (user_has_note(user, generation))
            acknowledged--;
    }
    judge(worker, acknowledged > 0 ? READ_LOST : READ_RIGHT, user, "a note", "missing");
    json_decref(output);
}

/* One of ours: a name's owner by @offset 0, an email's by 1. A small hot part is taken half of the
 * time, so that rows are written again and again. */
static User *
pick_user(Worker *worker, guint offset)
{
    const LoadPlan *plan = worker->plan;
    const guint first = (worker->number + offset) % plan->worker_count;
    const guint owned = (plan->user_count - first + plan->worker_count - 1) / plan->worker_count;
    const guint range = g_rand_boolean(worker->random) ? owned : MIN(owned, HOT_USERS);

    if (worker->created->len > 0 && g_rand_int_range(worker->random, 0, 10) == 0)
        return g_ptr_array_index(
            worker->created,
            (guint) g_rand_int_range(worker->random, 0, (gint32) worker->created->len));
    return &plan->users[first + (guint) g_rand_int_range(worker->random, 0, (gint32) range) *
                                    plan->worker_count];
}

static void
do_one(Worker *worker, gint64 due_us)
{
    const gint32 dice = g_rand_int_range(worker->random, 0, 100);
    User *user = pick_user(worker, 0);

    if (dice < 40)
        get_user(worker, due_us, user, CELL_NAME);
    else if (dice < 60)
        patch_user(worker, due_us, user, CELL_NAME);
    else if (dice < 68)
        create_user(worker, due_us);
    else if (dice < 76)
        get_user(worker, due_us, pick_user(worker, 1), CELL_EMAIL);
    else if (dice < 86)
        patch_user(worker, due_us, pick_user(worker, 1), CELL_EMAIL);
    else if (dice < 94 || user_note_count(user) >= NOTES_MAX)
        get_notes(worker, due_us, user);
    else
        create_note(worker, due_us, user);
}

void
worker_run(Worker *worker)
{
    gint64 due_us;

    while (schedule_next(worker->plan->schedule, &due_us))
        do_one(worker, due_us);
}

static void
sweep_user(Worker *worker, User *user, bool names, bool emails)
{
    if (names && user->name.written)
        get_user(worker, 0, user, CELL_NAME);
    if (names && user->notes)
        get_notes(worker, 0, user);
    if (emails && user->email.written)
        get_user(worker, 0, user, CELL_EMAIL);
}

void
worker_sweep(Worker *worker)
{
    const LoadPlan *plan = worker->plan;

    worker->sweeping = true;
    for (guint i = worker->number; i < plan->user_count; i += plan->worker_count)
        sweep_user(worker, &plan->users[i], true, false);
    for (guint i = (worker->number + 1) % plan->worker_count; i < plan->user_count;
         i += plan->worker_count)
        sweep_user(worker, &plan->users[i], false, true);
    for (guint i = 0; i < worker->created->len; i++)
        sweep_user(worker, g_ptr_array_index(worker->created, i), true, true);
}
