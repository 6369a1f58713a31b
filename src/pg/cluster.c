#include "pg/cluster.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/proc.h"

enum { RUN_TIMEOUT_MS = 120000, REAP_MS = 10000 };

#define DEBIAN_FOLDER "/usr/lib/postgresql"

static const char hba[] = "local all all trust\n"
                          "local replication all trust\n"
                          "host all all 127.0.0.1/32 scram-sha-256\n"
                          "host all all ::1/128 scram-sha-256\n";

static bool
has_server(const char *bin)
{
    g_autofree char *postgres = g_build_filename(bin, "postgres", NULL);
    g_autofree char *initdb = g_build_filename(bin, "initdb", NULL);

    return g_file_test(postgres, G_FILE_TEST_IS_EXECUTABLE) &&
           g_file_test(initdb, G_FILE_TEST_IS_EXECUTABLE);
}

/* Debian's layout: one folder a major version. */
static char *
find_in_debian(int major)
{
    g_autoptr(GDir) dir = g_dir_open(DEBIAN_FOLDER, 0, NULL);
    const char *name;
    int best = 0;

    while (dir && (name = g_dir_read_name(dir)) != NULL) {
        const int number = (int) g_ascii_strtoll(name, NULL, 10);
        g_autofree char *bin = g_build_filename(DEBIAN_FOLDER, name, "bin", NULL);

        if (number > best && (major == 0 || number == major) && has_server(bin))
            best = number;
    }
    return best ? g_strdup_printf(DEBIAN_FOLDER "/%d/bin", best) : NULL;
}

static char *
find_in_path(void)
{
    g_autofree char *program = g_find_program_in_path("postgres");
    char *real = program ? realpath(program, NULL) : NULL;
    g_autofree char *folder = real ? g_path_get_dirname(real) : NULL;

    free(real);
    return folder && has_server(folder) ? g_steal_pointer(&folder) : NULL;
}

static bool
find_binaries(PgInstall *install, int major, GError **error)
{
    const char *wanted = g_getenv("SLUICE_PG_BIN");

    if (wanted && *wanted) {
        if (!has_server(wanted)) {
            error_set(error, ERROR_STATE, "SLUICE_PG_BIN: '%s' holds no postgres and initdb",
                      wanted);
            return error_hint(error, "Name the folder of PostgreSQL's server programs.");
        }
        install->bin = g_strdup(wanted);
        return true;
    }
    install->bin = find_in_debian(major);
    if (install->bin == NULL)
        install->bin = find_in_path();
    if (install->bin)
        return true;
    error_set(error, ERROR_STATE, "no PostgreSQL server is installed on this machine");
    return error_hint(error, "Install one (Debian: apt-get install postgresql), or name the folder "
                             "of its programs in SLUICE_PG_BIN.");
}

/* "postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)" gives "15.20". */
static bool
ask_version(PgInstall *install, int major, GError **error)
{
    g_autofree char *program = g_build_filename(install->bin, "postgres", NULL);
    const char *const argv[] = {program, "--version", NULL};
    g_autofree char *output = NULL;
    g_auto(GStrv) words = NULL;

    if (!proc_run(argv, NULL, RUN_TIMEOUT_MS, &output, error))
        return false;
    words = g_strsplit_set(output, " \n", -1);
    if (g_strv_length(words) < 3)
        return error_set(error, ERROR_STATE, "'%s --version' says '%s'", program, output);
    install->version = g_strdup(words[2]);
    if (major != 0 && g_ascii_strtoll(install->version, NULL, 10) != major) {
        error_set(error, ERROR_STATE, "the data is of PostgreSQL %d, and '%s' is version %s", major,
                  install->bin, install->version);
        return error_hint(error, "Install PostgreSQL %d, or start a server in another folder.",
                          major);
    }
    return true;
}

static bool
choose_user(PgInstall *install, GError **error)
{
    static const char *const names[] = {"postgres", "nobody"};

    install->uid = geteuid();
    install->gid = getegid();
    if (install->uid != 0)
        return true;
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        const struct passwd *entry = getpwnam(names[i]);
        if (entry == NULL)
            continue;
        install->user = g_strdup(names[i]);
        install->uid = entry->pw_uid;
        install->gid = entry->pw_gid;
        return true;
    }
    return error_set(error, ERROR_STATE,
                     "PostgreSQL does not run as root, and this machine has neither a user "
                     "'postgres' nor 'nobody'");
}

bool
pg_install_init(PgInstall *install, int major, GError **error)
{
    g_auto(PgInstall) found = {0};

    if (!find_binaries(&found, major, error) || !ask_version(&found, major, error) ||
        !choose_user(&found, error))
        return false;
    *install = found;
    found = (PgInstall){0};
    return true;
}

void
pg_install_clear(PgInstall *install)
{
    g_clear_pointer(&install->bin, g_free);
    g_clear_pointer(&install->version, g_free);
    g_clear_pointer(&install->user, g_free);
}

bool
pg_install_run(const PgInstall *install, const char *const *argv, GError **error)
{
    g_autofree char *program = g_build_filename(install->bin, argv[0], NULL);
    g_auto(GStrv) words = g_strdupv((char **) (guintptr) argv);
    static const char *const env[] = {"LC_ALL=C", "PGOPTIONS=", "PGSSLMODE=disable", NULL};

    g_free(words[0]);
    words[0] = g_steal_pointer(&program);
    return proc_run_as(install->user, (const char *const *) words, env, RUN_TIMEOUT_MS, NULL,
                       error);
}

bool
pg_install_own(const PgInstall *install, const char *path, GError **error)
{
    if (install->user == NULL || chown(path, install->uid, install->gid) == 0)
        return true;
    return error_set(error, ERROR_STATE, "cannot give '%s' to user '%s': %s", path, install->user,
                     g_strerror(errno));
}

static bool
copy_folder(const char *from, const char *to, GError **error)
{
    const char *const argv[] = {"cp", "-a", "--reflink=auto", "--", from, to, NULL};

    return proc_run(argv, NULL, RUN_TIMEOUT_MS, NULL, error);
}

static bool
remove_folder(const char *path, GError **error)
{
    const char *const argv[] = {"rm", "-rf", "--", path, NULL};

    return proc_run(argv, NULL, RUN_TIMEOUT_MS, NULL, error);
}

static bool
rename_folder(const char *from, const char *to, GError **error)
{
    if (g_rename(from, to) == 0)
        return true;
    return error_set(error, ERROR_STATE, "cannot rename '%s' to '%s': %s", from, to,
                     g_strerror(errno));
}

static bool
replace_owned(const PgInstall *install, const char *path, const char *text, GError **error)
{
    return file_replace(path, text, error) && pg_install_own(install, path, error);
}

static bool
run_initdb(const PgInstall *install, const char *data, GError **error)
{
    g_autofree char *conf = g_build_filename(data, "postgresql.conf", NULL);
    g_autofree char *hba_file = g_build_filename(data, "pg_hba.conf", NULL);
    const char *const argv[] = {
        "initdb",          "-D", data,   "-U",         "postgres",  "-A",
        "trust",           "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions",
        "--wal-segsize=4", NULL};

    return pg_install_run(install, argv, error) &&
           file_append_line(conf, "include_if_exists = 'sluice.conf'", error) &&
           replace_owned(install, hba_file, hba, error);
}

/* Of several at the same time the first one stays. Without a cache it is only slower, so a failure
 * is none. */
static void
keep_template(const char *data, const char *template)
{
    g_autofree char *folder = g_path_get_dirname(template);
    g_autofree char *fresh = g_strdup_printf("%s.%d", template, (int) getpid());

    if (file_make_folder(folder, 0700, NULL) && copy_folder(data, fresh, NULL))
        rename_folder(fresh, template, NULL);
    remove_folder(fresh, NULL);
}

bool
cluster_create(const PgInstall *install, const char *data, GError **error)
{
    g_autofree char *name = g_strdup_printf("initdb-%s-%u", install->version, install->uid);
    g_autofree char *template = g_build_filename(g_get_user_cache_dir(), "sluice", name, NULL);
    g_autofree char *fresh = g_strconcat(data, ".new", NULL);

    if (!remove_folder(fresh, error))
        return false;
    if (g_file_test(template, G_FILE_TEST_IS_DIR)) {
        if (!copy_folder(template, fresh, error))
            return false;
    } else {
        if (!run_initdb(install, fresh, error))
            return false;
        keep_template(fresh, template);
    }
    return rename_folder(fresh, data, error);
}

bool
cluster_create_replica(const PgInstall *install, const char *data, const char *host, int port,
                       const char *slot, GError **error)
{
    g_autofree char *fresh = g_strconcat(data, ".new", NULL);
    g_autofree char *signal_file = g_build_filename(fresh, "standby.signal", NULL);
    g_autofree char *port_text = g_strdup_printf("%d", port);
    g_autofree char *program = g_build_filename(install->bin, "pg_basebackup", NULL);
    const char *const argv[] = {"pg_basebackup", "-h", host,  "-p",        port_text,       "-U",
                                "postgres",      "-D", fresh, "-X",        "stream",        "-c",
                                "fast",          "-S", slot,  "--no-sync", "--no-manifest", NULL};

    if (!g_file_test(program, G_FILE_TEST_IS_EXECUTABLE)) {
        error_set(error, ERROR_STATE, "'%s' holds no pg_basebackup, which makes the replica",
                  install->bin);
        return error_hint(error, "Install the client programs of PostgreSQL %s.", install->version);
    }
    return remove_folder(fresh, error) && pg_install_run(install, argv, error) &&
           replace_owned(install, signal_file, "", error) && rename_folder(fresh, data, error);
}

bool
cluster_configure(const PgInstall *install, const char *data, const char *text, GError **error)
{
    g_autofree char *path = g_build_filename(data, "sluice.conf", NULL);

    return replace_owned(install, path, text, error);
}

/* A process's command line, with *@ret_length bytes: none for one that is dead and not yet reaped.
 * NULL if there is no such process, or no /proc. */
static char *
command_line(int pid, gsize *ret_length)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/cmdline", pid);
    char *line = NULL;

    return g_file_get_contents(path, &line, ret_length, NULL) ? line : NULL;
}

/* After a crash postmaster.pid stays, and its number may be another program's by now. */
static bool
is_postmaster(int pid, const char *data)
{
    gsize length = 0;
    g_autofree char *line = command_line(pid, &length);

    if (kill(pid, 0) != 0 && errno != EPERM)
        return false;
    return line == NULL || memmem(line, length, data, strlen(data)) != NULL;
}

static bool
is_unreaped(int pid)
{
    gsize length = 0;
    g_autofree char *line = command_line(pid, &length);

    return line != NULL && length == 0;
}

/* As its file says; 0 if there is none. */
static int
recorded_pid(const char *data)
{
    g_autofree char *path = g_build_filename(data, "postmaster.pid", NULL);
    g_autofree char *text = NULL;

    if (!g_file_get_contents(path, &text, NULL, NULL))
        return 0;
    return (int) g_ascii_strtoll(text, NULL, 10);
}

int
cluster_pid(const char *data)
{
    const int pid = recorded_pid(data);

    return pid > 0 && is_postmaster(pid, data) ? pid : 0;
}

/* The line of the log that tells why, or NULL: the last one that is an error, for what follows a
 * bad setting's only counts them. */
static char *
last_fatal(const char *log)
{
    static const char summary[] = "contains errors";
    g_autofree char *text = file_read(log, NULL);
    g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);

    for (guint i = g_strv_length(lines); i > 0; i--) {
        const char *line = lines[i - 1];
        const char *fatal = strstr(line, "FATAL: ");

        if (fatal && strstr(fatal, summary) && i > 1 && strstr(lines[i - 2], "LOG: "))
            return g_strstrip(g_strdup(strstr(lines[i - 2], "LOG: ") + strlen("LOG: ")));
        if (fatal)
            return g_strstrip(g_strdup(fatal + strlen("FATAL: ")));
    }
    return NULL;
}

/* PostgreSQL takes a postmaster that was killed and is not reaped yet for one that runs. */
static void
wait_for_dead(const char *data)
{
    const gint64 deadline = clock_now_ms(&clock_system) + REAP_MS;
    const int pid = recorded_pid(data);

    while (pid > 0 && is_unreaped(pid) && clock_now_ms(&clock_system) < deadline)
        clock_sleep_ms(&clock_system, 20);
}

bool
cluster_start(const PgInstall *install, const char *data, const char *log, GError **error)
{
    const char *const argv[] = {"pg_ctl", "-D", data,  "-l",    log, "-s",
                                "-w",     "-t", "100", "start", NULL};
    g_autoptr(GError) cause = NULL;
    g_autofree char *fatal = NULL;

    wait_for_dead(data);
    if (pg_install_run(install, argv, &cause))
        return true;
    fatal = last_fatal(log);
    error_set(error, ERROR_STATE, "PostgreSQL did not start in '%s': %s", data,
              fatal ? fatal : cause->message);
    return error_hint(error, "Its log is '%s'.", log);
}

bool
cluster_stop(const PgInstall *install, const char *data, const char *mode, GError **error)
{
    const char *const argv[] = {"pg_ctl", "-D", data, "-s",   "-w", "-t",
                                "100",    "-m", mode, "stop", NULL};

    return cluster_pid(data) == 0 || pg_install_run(install, argv, error);
}

int
cluster_major(const char *data)
{
    g_autofree char *path = g_build_filename(data, "PG_VERSION", NULL);
    g_autofree char *text = NULL;

    if (!g_file_get_contents(path, &text, NULL, NULL))
        return 0;
    return (int) g_ascii_strtoll(text, NULL, 10);
}
