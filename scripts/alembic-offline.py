# Run by `sluice import alembic` with the project's Python: writes the SQL of each migration, up and
# down, as JSON. No database is connected to. Arguments: ini file ("" for none), its section, script
# location, folder to be in, output file.
#
# Each migration runs by itself in Alembic's offline mode, inside the project's env.py, so that
# naming conventions and the like are the project's own; where env.py cannot run, without it, which
# is said. Version table and outer BEGIN .. COMMIT are never part of it.
import io
import json
import os
import sys

ini, section, location, folder, output = sys.argv[1:6]
result = {"version": None, "problem": None, "revisions": {}}


def finish():
    with open(output, "w", encoding="utf-8") as out:
        json.dump(result, out)
    sys.exit(0)


os.chdir(folder)
sys.path.insert(0, folder)
try:
    import alembic
    from alembic.config import Config
    from alembic.operations import Operations
    from alembic.runtime.environment import EnvironmentContext
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory
except ImportError:
    finish()
result["version"] = alembic.__version__


def reason(failure):
    lines = str(failure).strip().splitlines()
    return type(failure).__name__ + (": " + lines[0] if lines else "")


def run(migrations, context):
    for direction in ("upgrade", "downgrade"):
        for migration in migrations:
            side = result["revisions"].setdefault(migration.revision, {}).setdefault(direction, {})
            context.impl.output_buffer = buffer = io.StringIO()
            try:
                getattr(migration.module, direction)()
                side["error"] = None
            except BaseException as failure:  # a migration may also call sys.exit()
                side["error"] = reason(failure)
            side["sql"] = buffer.getvalue()


def offline(environment):
    """env.py's configure(), for PostgreSQL and without a connection."""
    configure = environment.configure

    def without_connection(connection=None, url=None, dialect_name=None, dialect_opts=None,
                           transactional_ddl=None, **options):
        options.update(literal_binds=True, on_version_apply=None, output_buffer=io.StringIO())
        configure(dialect_name="postgresql", dialect_opts={"paramstyle": "named"}, **options)

    environment.configure = without_connection
    return environment


config = Config(ini or None, ini_section=section)
config.set_main_option("script_location", location.replace("%", "%%"))
try:
    scripts = ScriptDirectory.from_config(config)
    found = list(scripts.walk_revisions("base", "heads"))[::-1]
except BaseException as failure:
    result["problem"] = reason(failure)
    finish()


def work(heads, context):
    run(found, context)
    return []


try:
    with offline(EnvironmentContext(config, scripts, fn=work, as_sql=True,
                                    destination_rev="heads")):
        scripts.run_env()
except BaseException as failure:
    ended = reason(failure)
else:
    ended = "it runs no migrations"
if not result["revisions"]:
    result["problem"] = ended
    context = MigrationContext.configure(
        dialect_name="postgresql", dialect_opts={"paramstyle": "named"},
        opts={"as_sql": True, "literal_binds": True, "output_buffer": io.StringIO()})
    with Operations.context(context):
        run(found, context)
finish()
