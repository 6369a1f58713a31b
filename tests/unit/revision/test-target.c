#include <string.h>

#include "graph-folder.h"
#include "revision/target.h"

/*  root - fork - shop1 - shop2 - shop3      (label shop on shop1)
 *            \ - bill1 - bill2              (label bill on bill1; bill2 requires shop2)
 *  solo                                     (label solo) */
static const char *const forest[] = {
    "root:",       "fork:root",        "shop1:fork @shop",   "shop2:shop1",
    "shop3:shop2", "bill1:fork @bill", "bill2:bill1 !shop2", "solo1: @solo",
    NULL};

/*  aaaa - bbbb - left - - - - join - tail
 *              \ rite - right / */
static const char *const merged[] = {"aaaa:",      "bbbb:aaaa",       "left:bbbb", "rite:bbbb",
                                     "right:rite", "join:left,right", "tail:join", NULL};

typedef GPtrArray *(*Ask)(const Graph *, const RevisionSet *, const char *, GError **);

typedef struct {
    const char *applied; /* ids, blank between; NULL: no database */
    const char *word;
    const char *answer; /* ids, blank between; "!": an error that begins with @message */
    const char *message;
    const char *hint;
} Case;

static RevisionSet *
set_of_words(const Graph *graph, const char *words)
{
    g_auto(GStrv) ids = g_strsplit(words, " ", -1);
    RevisionSet *set = revision_set_new(graph);

    for (char **id = ids; *id && **id; id++)
        revision_set_add(set, graph_find(graph, *id));
    return set;
}

static char *
words_of(const GPtrArray *list)
{
    g_autoptr(GString) words = g_string_new(NULL);

    for (guint i = 0; i < list->len; i++)
        g_string_append_printf(words, "%s%s", i ? " " : "",
                               ((const Revision *) list->pdata[i])->id);
    return g_strdup(words->str);
}

static void
check_case(const Graph *graph, Ask ask, const Case *the)
{
    g_autoptr(RevisionSet) applied = the->applied ? set_of_words(graph, the->applied) : NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) list = ask(graph, applied, the->word, &error);
    g_autofree char *words = list ? words_of(list) : NULL;

    if (g_strcmp0(words, the->message ? NULL : the->answer) != 0 ||
        g_strcmp0(error ? error->message : NULL, the->message) != 0 ||
        (the->hint && g_strcmp0(error_get_hint(error), the->hint) != 0)) {
        g_test_message("'%s' with '%s': %s (%s)", the->word,
                       the->applied ? the->applied : "no database", words ? words : error->message,
                       words ? "" : error_get_hint(error));
        g_test_fail();
    }
}

static void
check_cases(const char *const *lines, Ask ask, const Case *cases)
{
    g_autoptr(TempFolder) folder = folder_of(lines);
    g_autoptr(GError) error = NULL;
    g_autoptr(Graph) graph = graph_load(folder, &error);

    g_assert_no_error(error);
    for (; cases->word; cases++)
        check_case(graph, ask, cases);
}

static void
test_points(void)
{
    static const Case cases[] = {
        {NULL, "root", "root"},
        {NULL, "shop", "shop1"},
        {NULL, "base", ""},
        {NULL, "heads", "bill2 shop3 solo1"},
        {NULL, "shop@head", "shop3"},
        {NULL, "fork@heads", "bill2 shop3"},
        {NULL, "shop@base", ""},
        {NULL, "shop1+1", "shop2"},
        {NULL, "shop@head-1", "shop2"},
        {NULL, "shop@fork+2", "shop2"},
        {NULL, "root-1", ""},
        {NULL, "solo@base+1", "solo1"},
        {"root fork shop1", "current", "shop1"},
        {"root fork shop1 bill1", "current", "bill1 shop1"},
        {"root fork shop1 bill1", "bill@current", "bill1"},
        {"root fork", "-1", "root"},
        {"root fork shop1 shop2 bill1 solo1", "+1", "!",
         "'+1' is ambiguous: use bill@+1 or shop@+1"},
        {"root fork shop1 solo1", "+1", "!", "'+1' is ambiguous: use bill@+1 or shop@+1"},
        {NULL, "head", "!",
         "'head' is ambiguous, there are several heads: use bill2, shop3 or solo1",
         "'heads' stands for all of them; `sluice merge` makes them one."},
        {NULL, "fork+1", "!",
         "'fork+1' is ambiguous, there are several children: use bill1 or shop1"},
        {NULL, "fork+2", "!",
         "'fork+2' is ambiguous, there are several children: use bill1+1 or shop1+1"},
        {NULL, "shop@bill1", "!", "revision 'bill1' is not in the branch 'shop'"},
        {NULL, "@head", "!", "'@head' names no branch before its '@'"},
        {NULL, "shop@", "!", "'shop@' names nothing behind its '@'",
         "Write 'shop@head', 'shop@base' or 'shop@+1'."},
        {NULL, "shop3+1", "!", "'shop3+1' goes too far: there are only 0 below 'shop3'"},
        {NULL, "root-2", "!", "'root-2' goes too far: there is only 1 from the first to 'root'"},
        {NULL, "a:b", "!", "'a:b' is a range, and one place is wanted here"},
        {NULL, "shpo1", "!", "there is no revision 'shpo1'", "Did you mean 'shop1'?"},
        {NULL, "shop", "shop1"},
        {NULL, "current", "!", "'current' asks what a database has, and there is none to ask here"},
        {NULL, "+1", "!", "'+1' asks what a database has, and there is none to ask here"},
        {0},
    };
    check_cases(forest, target_points, cases);
}

static void
test_upgrade(void)
{
    static const Case cases[] = {
        {"", "heads", "root fork bill1 shop1 shop2 bill2 shop3 solo1"},
        {"", "bill2", "root fork bill1 shop1 shop2 bill2"},
        {"root fork shop1", "bill@head", "bill1 shop2 bill2"},
        {"root fork shop1", "shop@+1", "shop2"},
        {"root fork shop1", "shop@+9", "shop2 shop3"},
        {"root fork shop1 shop2 shop3", "bill@+2", "bill1 bill2"},
        {"root fork shop1", "bill@+2", "bill1 shop2 bill2"},
        {"root fork shop1 shop2 shop3 bill1 bill2 solo1", "+1", ""},
        {"root fork shop1 shop2 shop3 solo1", "+1", "bill1"},
        {"root fork shop2", "heads", "bill1 shop1 bill2 shop3 solo1"},
        {"root fork shop2 bill1 bill2 solo1", "+1", "shop1 shop3"},
        {NULL, "shop1:shop@head", "shop2 shop3"},
        {NULL, ":fork", "root fork"},
        {"root", "base", ""},
        {"root", "-1", "!", "'-1' goes back"},
        {"", "+1", "!", "'+1' is ambiguous: use root or solo@+1"},
        {0},
    };
    check_cases(forest, target_upgrade, cases);
}

static void
test_downgrade(void)
{
    static const char everything[] = "root fork shop1 shop2 shop3 bill1 bill2 solo1";
    static const Case cases[] = {
        {everything, "base", "solo1 shop3 bill2 shop2 shop1 bill1 fork root"},
        {everything, "fork", "shop3 bill2 shop2 shop1 bill1"},
        {everything, "shop@base", "shop3 bill2 shop2 shop1"},
        {everything, "bill@fork", "bill2 bill1"},
        {everything, "shop1", "shop3 bill2 shop2"},
        {everything, "shop@-1", "shop3"},
        {everything, "shop2-1", "shop3 bill2 shop2"},
        {everything, "heads", ""},
        {everything, "shop3", ""},
        {"root fork shop1", "-1", "shop1"},
        {"root fork shop1 bill1", "shop1-1", "shop1"},
        {everything, "-1", "!", "'-1' is ambiguous: use bill@-1, shop@-1 or solo@-1"},
        {"root", "-2", "!", "'-2' goes too far: only 1 revision is applied",
         "`sluice downgrade base` undoes everything."},
        {"root", "shop1", "!", "revision 'shop1' is not applied, nor is anything below it",
         "`sluice upgrade shop1` brings it."},
        {"root", "+1", "!", "'+1' goes forward"},
        {NULL, "bill2:fork", "bill2 shop2 shop1 bill1"},
        {0},
    };
    check_cases(forest, target_downgrade, cases);
}

static void
test_merge(void)
{
    static const Case points[] = {
        {NULL, "head", "tail"},
        {NULL, "head-1", "join"},
        {NULL, "head-2", "!",
         "'head-2' is ambiguous, there are several parents: use left or right"},
        {NULL, "head-3", "!",
         "'head-3' is ambiguous, there are several parents: use left-1 or right-1"},
        {NULL, "rite@head-3", "rite"},
        {0},
    };
    static const Case down[] = {
        {"aaaa bbbb left rite right join", "-1", "join"},
        {"aaaa bbbb left rite right join", "-2", "!", "'-2' is ambiguous: use left-1 or right-1"},
        {"aaaa bbbb left rite right join tail", "right", "tail join"},
        {0},
    };
    check_cases(merged, target_points, points);
    check_cases(merged, target_downgrade, down);
}

static void
test_range(void)
{
    static const Case cases[] = {
        {NULL, "", "root fork bill1 shop1 shop2 bill2 shop3 solo1"},
        {NULL, "fork:shop2", "fork shop1 shop2"},
        {NULL, "shop2:", "shop2 shop3"},
        {NULL, ":fork", "root fork"},
        {"root fork", "current:shop1", "fork shop1"},
        {"root fork shop1", "-1:current", "fork shop1"},
        {NULL, "shop1:bill1", "!", "'bill1' is not below 'shop1'"},
        {NULL, "shop1", "!", "'shop1' is no range"},
        {0},
    };
    check_cases(forest, target_range, cases);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/target/points", test_points);
    g_test_add_func("/target/upgrade", test_upgrade);
    g_test_add_func("/target/downgrade", test_downgrade);
    g_test_add_func("/target/merge", test_merge);
    g_test_add_func("/target/range", test_range);
    return g_test_run();
}
