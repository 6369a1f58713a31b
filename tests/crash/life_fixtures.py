"""A life of revisions, command by command: each starts from a copy of the database as it was before
it, dies at one point, runs again, and must end in what an undisturbed run makes of the same copy."""
import itertools

import psycopg2

from conftest import Database, Project, run_to_fault

PICTURE = {
    "columns": """
        SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull
          FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
           AND a.attnum > 0 AND NOT a.attisdropped ORDER BY 1, 2""",
    "indexes": """
        SELECT i.indexrelid::regclass::text, i.indisvalid, i.indisready, i.indisunique
          FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
         WHERE c.relnamespace = 'public'::regnamespace ORDER BY 1""",
    "constraints": """
        SELECT conrelid::regclass::text, conname, convalidated, pg_get_constraintdef(oid)
          FROM pg_constraint WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2""",
    "triggers": """
        SELECT tgrelid::regclass::text, tgname, tgenabled, pg_get_triggerdef(oid)
          FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2""",
    "functions": """
        SELECT proname, prosrc FROM pg_proc WHERE oid >= 16384 ORDER BY 1, 2""",
    "revisions": "SELECT id, state, final, partly FROM sluice.revision ORDER BY 1",
    "sections": "SELECT revision, section, checksum FROM sluice.section ORDER BY 1, 2",
    "steps": "SELECT revision, phase, ordinal, hash, state, error FROM sluice.step ORDER BY 1, 2, 3",
    "mappings": "SELECT revision, table_name, forward, reverse, installed_sql FROM sluice.mapping",
    "table mappings": """
        SELECT revision, old_table, new_table, sections, is_cut_over, installed_sql
          FROM sluice.table_mapping ORDER BY 1, 2, 3""",
    "backfills": "SELECT revision, relation, state, rows FROM sluice.backfill ORDER BY 1, 2",
    "locks": "SELECT 1 FROM pg_locks WHERE locktype = 'advisory'",
}

numbers = itertools.count(1)


def picture(database):
    found = {name: database.query(sql) for name, sql in PICTURE.items()}
    tables = database.query("SELECT relname::text FROM pg_class WHERE relkind = 'r' "
                            "AND relnamespace = 'public'::regnamespace ORDER BY 1")
    found["rows"] = {table: database.query(f"SELECT to_jsonb(t) FROM {table} t ORDER BY to_jsonb(t)")
                     for table, in tables}
    return found


def copy_database(server, source):
    it = Database(server, f"copy_{next(numbers)}")
    connection = psycopg2.connect(server.socket_url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                       (source.name,))
        cursor.execute(f"CREATE DATABASE {it.name} TEMPLATE {source.name} STRATEGY file_copy"
                       if connection.server_version >= 150000 else
                       f"CREATE DATABASE {it.name} TEMPLATE {source.name}")
    connection.close()
    return it


class Life:
    """Revisions, and the commands that take a database through them; behind the first command come
    the rows."""

    def __init__(self, revisions, commands, rows, settings=""):
        self.revisions, self.commands, self.rows, self.settings = revisions, commands, rows, settings

    def project(self, folder, database):
        it = Project(folder, database)
        if self.settings:
            it.settings(self.settings)
        for revision, parent, body in self.revisions:
            it.revision(revision, body, revises=parent)
        return it

    def stages(self, server, folder):
        """For each command: the database before it, and the picture that it ends in. Both are the
        caller's to drop."""
        database = server.create_database()
        project = self.project(folder, database)
        found = []
        for command in self.commands:
            before = copy_database(server, database)
            project.ok(*command)
            found.append((before, picture(database)))
            if command == self.commands[0]:
                # They belong to what the next command finds, not to what this one made.
                database.execute(self.rows)
        server.drop_database(database)
        return found

    def crash_and_repeat(self, server, folder, before, command, point):
        """The picture after a death at the point and a second run; None if it never came there."""
        database = copy_database(server, before)
        try:
            project = self.project(folder / point.replace(":", "-"), database)
            if not run_to_fault(project, point, *command):
                return None
            # The lock of the dead one goes with its session, which the server ends at once.
            project.ok(*command, env={"SLUICE_LOCK_MIGRATOR_WAIT": "20s"})
            return picture(database)
        finally:
            server.drop_database(database)

    def die_everywhere(self, server, folder, stage, command, points):
        """At each time that the command passes each of the points. How often it died."""
        before, expected = stage
        deaths = 0
        for point in points:
            for time_passed in itertools.count(1):
                name = f"{point}:{time_passed}"
                found = self.crash_and_repeat(server, folder, before, command, name)
                if found is None:
                    break
                assert found == expected, f"after a death at {name}"
                deaths += 1
        return deaths
