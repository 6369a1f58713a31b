/* Predictions: the whole of one, and what can be asked of it. */
#include "locks/predictor.h"

enum { FACTS_MAJOR = 15 };

static void
work_free(PredictedWork *work)
{
    g_free(work->why);
    g_free(work->settled_by);
    g_free(work);
}

void
prediction_free(Prediction *prediction)
{
    if (prediction == NULL)
        return;
    g_ptr_array_unref(prediction->locks);
    g_ptr_array_unref(prediction->works);
    g_clear_pointer(&prediction->strings, g_string_chunk_free);
    g_free(prediction->failure);
    g_free(prediction);
}

static int
compare_works(const void *a, const void *b)
{
    const PredictedWork *left = *(PredictedWork *const *) a, *right = *(PredictedWork *const *) b;

    if (left->kind != right->kind)
        return left->kind > right->kind ? -1 : 1;
    return left->change < right->change ? -1 : left->change > right->change;
}

Prediction *
locks_predict(const Model *model, const SqlStatement *statement, const DdlChanges *changes,
              guint since)
{
    Prediction *prediction = g_new0(Prediction, 1);
    const int major = model_server_version(model);
    Predictor predictor = {.model = model,
                           .changes = changes,
                           .since = since,
                           .major = major != 0 ? major : FACTS_MAJOR,
                           .prediction = prediction};

    prediction->locks = g_ptr_array_new_with_free_func(g_free);
    prediction->works = g_ptr_array_new_with_free_func((GDestroyNotify) work_free);
    predictor_add_locks(&predictor, statement);
    predictor_add_works(&predictor);
    g_ptr_array_sort(prediction->works, compare_works);
    g_clear_pointer(&predictor.locked, g_hash_table_unref);
    return prediction;
}

void
predictor_fail(Predictor *predictor, const char *format, ...)
{
    va_list arguments;

    if (predictor->prediction->failure != NULL)
        return;
    va_start(arguments, format);
    predictor->prediction->failure = g_strdup_vprintf(format, arguments);
    va_end(arguments);
}

/* The work of that kind on that relation that this change asked for before. */
static PredictedWork *
find_work(const Predictor *predictor, WorkKind kind, const ModelTable *table)
{
    const GPtrArray *works = predictor->prediction->works;

    for (guint i = 0; i < works->len; i++) {
        PredictedWork *work = works->pdata[i];
        if (work->kind == kind && work->change == predictor->change && work->table == table)
            return work;
    }
    return NULL;
}

void
predictor_work(Predictor *predictor, WorkKind kind, const ModelTable *table, char *why,
               char *settled_by)
{
    const DdlChange *change = ddl_changes_get(predictor->changes, predictor->change);
    PredictedWork *work = find_work(predictor, kind, table);

    if (table != NULL && table->partitioned) {
        predictor_work_children(predictor, kind, table, why, settled_by);
    } else if (work != NULL) {
        if (settled_by == NULL) {
            work->certainty = KNOWN_YES;
            g_clear_pointer(&work->settled_by, g_free);
        }
    } else {
        work = g_new0(PredictedWork, 1);
        *work = (PredictedWork){.kind = kind,
                                .certainty = settled_by != NULL ? KNOWN_MAYBE : KNOWN_YES,
                                .table = table,
                                .relation = change->relation,
                                .why = g_steal_pointer(&why),
                                .settled_by = g_steal_pointer(&settled_by),
                                .change = predictor->change};
        if (table != NULL) {
            work->relation = (DdlName){table->schema, table->name};
            work->is_new = table->temporary || table->since > predictor->since;
        }
        g_ptr_array_add(predictor->prediction->works, work);
    }
    g_free(why);
    g_free(settled_by);
}

void
predictor_work_children(Predictor *predictor, WorkKind kind, const ModelTable *table,
                        const char *why, const char *settled_by)
{
    if (table == NULL || !table->partitioned)
        predictor_work(predictor, kind, table, g_strdup(why), g_strdup(settled_by));
    for (guint i = 0; table != NULL && i < table->children->len; i++)
        predictor_work_children(predictor, kind, table->children->pdata[i], why, settled_by);
}

const PredictedLock *
prediction_strongest(const Prediction *prediction)
{
    const PredictedLock *strongest = NULL;

    for (guint i = 0; i < prediction->locks->len; i++) {
        const PredictedLock *lock = prediction->locks->pdata[i];
        if (!lock->is_new && (strongest == NULL || lock->mode > strongest->mode))
            strongest = lock;
    }
    return strongest;
}

const PredictedWork *
prediction_dearest(const Prediction *prediction)
{
    return prediction->works->len > 0 ? prediction->works->pdata[0] : NULL;
}

const char *
lock_mode_blocks(LockMode mode)
{
    switch (mode) {
    case LOCK_ACCESS_EXCLUSIVE:
        return "reads and writes";
    case LOCK_EXCLUSIVE:
        return "writes and SELECT FOR UPDATE";
    case LOCK_SHARE_ROW_EXCLUSIVE:
    case LOCK_SHARE:
        return "writes";
    case LOCK_SHARE_UPDATE_EXCLUSIVE:
        return "schema changes and VACUUM";
    case LOCK_ROW_EXCLUSIVE:
    case LOCK_ROW_SHARE:
    case LOCK_ACCESS_SHARE:
        break;
    }
    return "";
}
