"""`sluice import rails`: migrations of the real ActiveRecord, run by both, end the same."""
import pytest

from import_fixtures import findings, imported, need, other, run, schema

RUN = '''
require "active_record"
ActiveRecord::Base.establish_connection(ENV["URL_PARTS"].split.map { |p| p.split("=", 2) }.to_h
  .transform_keys(&:to_sym).merge(adapter: "postgresql"))
ActiveRecord::Migration.verbose = false
ActiveRecord::Migrator.migrations_paths = ["db/migrate"]
context = ActiveRecord::Base.connection.migration_context
ARGV[0] == "up" ? context.up : context.down(ARGV[1].to_i)
'''

MIGRATIONS = {
    "20210101120000_create_users": '''
  def change
    create_table :users do |t|
      t.string :name, null: false, comment: "it's; a name"
      t.integer :age, default: 7
      t.timestamps
    end
  end
''',
    "20210102120000_index_users_name": '''
  disable_ddl_transaction!
  def change
    add_index :users, :name, algorithm: :concurrently
  end
''',
    "20210103120000_create_shops": '''
  def change
    create_table :shops, id: :uuid, default: -> { "gen_random_uuid()" } do |t|
      t.references :user, foreign_key: true
      t.jsonb :data, default: {}
      t.decimal :price, precision: 8, scale: 2
    end
    add_check_constraint :shops, "price >= 0", name: "price_not_negative"
  end
''',
    "20210104120000_seed_and_function": '''
  def up
    execute <<~SQL
      CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$
      BEGIN -- nothing; really
        RETURN 1;
      END $$;
      INSERT INTO users (name, created_at, updated_at) VALUES ('100%; "x"', now(), now())
    SQL
    change_column_null :shops, :data, false, "{}"
  end
  def down
    change_column_null :shops, :data, true
    execute "DROP FUNCTION f()"
  end
''',
    "20210105120000_remove_age": '''
  def change
    remove_column :users, :age, :integer, default: 7
  end
''',
}


class Rails:
    """The migrations of an app, without the app."""

    def __init__(self, folder, database):
        self.folder, self.database = folder, database
        self.migrations = folder / "db/migrate"
        self.migrations.mkdir(parents=True)
        (folder / "run.rb").write_text(RUN)

    def write(self, name, body):
        words = name.split("_")[1:]
        (self.migrations / f"{name}.rb").write_text(
            f"class {''.join(word.title() for word in words)} < ActiveRecord::Migration[6.1]\n"
            f"{body}end\n")

    def __call__(self, *words):
        info = self.database.server.info
        parts = f"host={self.database.server.folder} port={info['port']} username=postgres " \
                f"database={self.database.name}"
        return run("ruby", "run.rb", *words, cwd=self.folder, env={"URL_PARTS": parts})


@pytest.fixture
def rails(tmp_path, other):
    need("ruby")
    if run("ruby", "-e", "require 'active_record'; require 'pg'", cwd=tmp_path,
           ok=False).returncode != 0:
        pytest.skip("no ActiveRecord")
    return Rails(tmp_path / "theirs", other)


def test_same_schema_up_and_down(rails, project, database):
    for name, body in MIGRATIONS.items():
        rails.write(name, body)
    rails("up")
    result = imported(project, "rails", rails.folder)
    assert [r["id"] for r in result["revisions"]] == [name[:14] for name in MIGRATIONS]
    assert result["version"].split(".")[0].isdigit()
    project.ok("upgrade")
    own = ("schema_migrations", "ar_internal_metadata")
    assert schema(database) == schema(rails.database, *own)
    assert database.query("SELECT name FROM users") == [('100%; "x"',)]
    for target in ("20210103120000", "20210101120000"):
        project.ok("downgrade", target)
        rails("down", target)
        assert schema(database) == schema(rails.database, *own)
    project.ok("downgrade", "base")
    rails("down", "0")
    assert schema(database) == schema(rails.database, *own)


def test_files_of_revisions(rails, project):
    for name, body in MIGRATIONS.items():
        rails.write(name, body)
    imported(project, "rails", rails.folder / "db/migrate")
    path = project.migrations / "20210102_20210102120000_index_users_name.sql"
    text = path.read_text()
    assert "-- Revises: 20210101120000\n-- Title: index users name\n" \
           "-- Created: 2021-01-02T12:00:00Z\n" in text
    assert 'CREATE INDEX CONCURRENTLY "index_users_on_name" ON "users" ("name");' in text
    assert "schema_migrations" not in text


def test_what_cannot_be_converted_is_loud(rails, project):
    rails.write("20210101120000_create_users", MIGRATIONS["20210101120000_create_users"])
    rails.write("20210102120000_fill_one_by_one", '''
  class User < ActiveRecord::Base; end
  def up
    User.find_each { |user| user.update!(name: user.name.upcase) }
  end
  def down; end
''')
    rails.write("20210103120000_app_model", "  def up\n    Customer.update_all(a: 1)\n  end\n")
    rails.write("20210104120000_no_way_back", '''
  def up
    remove_column :users, :age
  end
  def down
    raise ActiveRecord::IrreversibleMigration
  end
''')
    (rails.migrations / "20210105120000_broken.rb").write_text("class Broken <\n")
    result = project.json("import", "rails", rails.folder)
    whats = findings(result)
    assert any(what.startswith("up cannot be converted: it reads rows (") for what in whats)
    assert any("NameError: uninitialized constant" in what for what in whats)
    assert any("SyntaxError" in what for what in whats)
    assert [r["complete"] for r in result["revisions"]] == [True, False, False, True, False]
    [path] = project.migrations.glob("*_no_way_back.sql")
    assert "-- sluice: downgrade" not in path.read_text()
    project.fails(9, "upgrade")


def test_without_ruby_the_chain_comes(rails, project):
    for name, body in MIGRATIONS.items():
        rails.write(name, body)
    result = project.json("import", "rails", rails.folder, "--interpreter", "/nowhere/ruby")
    assert "/nowhere/ruby" in findings(result)[0]
    assert len(project.json("history")) == 5
    project.fails(9, "upgrade")


def test_an_older_version_that_comes_later_goes_behind(rails, project, database):
    for name in list(MIGRATIONS)[:2]:
        rails.write(name, MIGRATIONS[name])
    imported(project, "rails", rails.folder)
    project.ok("upgrade")
    rails.write("20210101130000_late", "  def change\n    create_table :late\n  end\n")
    result = imported(project, "rails", rails.folder)
    assert [r["outcome"] for r in result["revisions"]] == ["kept", "added", "kept"]
    assert [r["id"] for r in project.json("heads")] == ["20210101130000"]
    project.ok("upgrade")
    assert database.value("SELECT count(*) FROM late") == 0
