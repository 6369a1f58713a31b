
#include "base/error.h"
#include "base/text.h"

typedef struct {
    const char *text;
    gint64 value; /* -1: refused */
} ParseCase;

static void
test_durations(void)
{
    static const ParseCase cases[] = {
        {"50ms", 50},      {"30s", 30000}, {"5m", 300000}, {"5min", 300000}, {"24h", 86400000},
        {"7d", 604800000}, {"1.5s", 1500}, {"0", 0},       {"0s", 0},        {"5 s", 5000},
        {"50", -1},        {"", -1},       {"s", -1},      {"-1s", -1},      {"1x", -1},
        {"1e30d", -1},     {"nan", -1},    {"infs", -1},   {"1s2", -1},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        gint64 ms = -1;
        g_autoptr(GError) failure = NULL;
        const bool parsed = text_parse_duration_ms(cases[i].text, &ms, &failure);
        g_assert_cmpint(ms, ==, cases[i].value);
        g_assert_true(parsed == (cases[i].value >= 0));
        g_assert_true(parsed || error_is(failure, ERROR_CONFIG));
    }
}

static void
test_sizes(void)
{
    static const ParseCase cases[] = {
        {"64MB", 64LL << 20}, {"512kB", 512 << 10}, {"1GB", 1LL << 30},
        {"1.5GB", 3LL << 29}, {"100B", 100},        {"0", 0},
        {"64", -1},           {"64mb", -1},         {"64KB", -1},
        {"-1MB", -1},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        gint64 bytes = -1;
        text_parse_size(cases[i].text, &bytes, NULL);
        g_assert_cmpint(bytes, ==, cases[i].value);
    }
}

static void
assert_duration(gint64 ms, const char *text)
{
    g_autofree char *found = text_format_duration_ms(ms);

    g_assert_cmpstr(found, ==, text);
}

static void
assert_size(gint64 bytes, const char *text)
{
    g_autofree char *found = text_format_size(bytes);

    g_assert_cmpstr(found, ==, text);
}

static void
assert_count(gint64 n, const char *text)
{
    g_autofree char *found = text_format_count(n);

    g_assert_cmpstr(found, ==, text);
}

static void
test_formats(void)
{
    assert_duration(0, "0ms");
    assert_duration(999, "999ms");
    assert_duration(1500, "1.5s");
    assert_duration(59949, "59.9s");
    assert_duration(59960, "1m 00s");
    assert_duration(125000, "2m 05s");
    assert_duration(12000000, "3h 20m");
    assert_size(100, "100 B");
    assert_size(1536, "1.5 kB");
    assert_size(64LL << 20, "64.0 MB");
    assert_size(5LL << 40, "5.0 TB");
    assert_count(0, "0");
    assert_count(999, "999");
    assert_count(1000, "1,000");
    assert_count(-1234567, "-1,234,567");
    assert_count(G_MININT64, "-9,223,372,036,854,775,808");
}

static void
assert_ratio(const char *text, double ratio)
{
    double found = -1;

    text_parse_ratio(text, &found, NULL);
    g_assert_cmpfloat_with_epsilon(found, ratio, 1e-12);
}

static void
test_scalars(void)
{
    gint64 number = -1;
    bool flag = false;

    assert_ratio("0.1%", 0.001);
    assert_ratio("0.001", 0.001);
    assert_ratio("100%", 1);
    assert_ratio("101%", -1);
    assert_ratio("-1%", -1);
    assert_ratio("nan", -1);
    assert_ratio("%", -1);
    assert_ratio("", -1);
    g_assert_true(text_parse_int("-12", &number, NULL) && number == -12);
    g_assert_false(text_parse_int("12x", &number, NULL));
    g_assert_false(text_parse_int("", &number, NULL));
    g_assert_false(text_parse_int("99999999999999999999", &number, NULL));
    g_assert_cmpint(number, ==, -12);
    g_assert_true(text_parse_bool("on", &flag, NULL) && flag);
    g_assert_true(text_parse_bool("no", &flag, NULL) && !flag);
    g_assert_false(text_parse_bool("maybe", &flag, NULL));
}

static void
test_nearest(void)
{
    static const char *const names[] = {"upgrade", "downgrade", "heads", "init", NULL};

    g_assert_cmpstr(text_nearest("upgrad", names), ==, "upgrade");
    g_assert_cmpstr(text_nearest("updrade", names), ==, "upgrade");
    g_assert_cmpstr(text_nearest("haeds", names), ==, "heads");
    g_assert_cmpstr(text_nearest("heads", names), ==, "heads");
    g_assert_null(text_nearest("completely", names));
    g_assert_null(text_nearest("", names));
}

static void
assert_redacted(const char *url, const char *expected)
{
    g_autofree char *found = text_redact_url(url);

    g_assert_cmpstr(found, ==, expected);
}

static void
test_redact(void)
{
    assert_redacted("postgresql://u:secret@h/d", "postgresql://u:***@h/d");
    assert_redacted("postgresql://:secret@h/d", "postgresql://:***@h/d");
    assert_redacted("postgresql://u:s:e@c@h/d", "postgresql://u:***@h/d");
    assert_redacted("postgresql://u:p/q@h/d", "postgresql://u:***@h/d");
    assert_redacted("postgresql://h:5432/d?user=a@b", "postgresql://h:5432/d?user=a@b");
    assert_redacted("postgresql://u@h:5432/d", "postgresql://u@h:5432/d");
    assert_redacted("postgresql://h/d?user=u&password=secret&x=1",
                    "postgresql://h/d?user=u&password=***&x=1");
    assert_redacted("host=h password=secret user=u", "host=h password=*** user=u");
    assert_redacted("host=h password = 'a \\' b' user=u", "host=h password = *** user=u");
    assert_redacted("sslpassword=secret", "sslpassword=***");
    assert_redacted("nothing here", "nothing here");
}

static void
test_printable(void)
{
    g_autofree char *found = text_printable("a\tb\n\033[2J\x7f \xff\xc2\x9b\xc3\xa9");

    g_assert_cmpstr(found, ==,
                    "a\tb\n\xef\xbf\xbd[2J\xef\xbf\xbd \xef\xbf\xbd\xef\xbf\xbd\xc3\xa9");
}

static void
assert_position(const char *text, size_t offset, int line, int column)
{
    int found_line, found_column;

    text_position(text, offset, &found_line, &found_column);
    g_assert_cmpint(found_line, ==, line);
    g_assert_cmpint(found_column, ==, column);
}

static void
test_position(void)
{
    assert_position("abc", 0, 1, 1);
    assert_position("abc", 2, 1, 3);
    assert_position("a\nbc", 3, 2, 2);
    assert_position("\xc3\xa9x", 2, 1, 2);
    assert_position("ab", 99, 1, 3);
}

/* With marks or without: each byte of texts around their distance is at the same place. */
static void
test_position_by_marks(void)
{
    for (gsize length = 0; length < 1100; length += 51) {
        g_autofree char *text = g_malloc(length + 1);
        g_autoptr(GArray) marks = NULL;

        for (gsize i = 0; i < length; i++)
            text[i] = i % 97 == 5 ? '\n' : "a\xc3\xa9"[i % 3];
        text[length] = '\0';
        marks = text_marks(text);
        for (gsize offset = 0; offset < length + 300; offset++) {
            int line, column;

            text_position_by(marks, text, offset, &line, &column);
            assert_position(text, offset, line, column);
        }
    }
}

static void
test_sha256(void)
{
    g_autofree char *digest = text_sha256("abc");

    g_assert_cmpstr(digest, ==, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/text/durations", test_durations);
    g_test_add_func("/text/sizes", test_sizes);
    g_test_add_func("/text/formats", test_formats);
    g_test_add_func("/text/scalars", test_scalars);
    g_test_add_func("/text/nearest", test_nearest);
    g_test_add_func("/text/redact", test_redact);
    g_test_add_func("/text/printable", test_printable);
    g_test_add_func("/text/position", test_position);
    g_test_add_func("/text/position-by-marks", test_position_by_marks);
    g_test_add_func("/text/sha256", test_sha256);
    return g_test_run();
}
