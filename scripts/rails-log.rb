# Run by `sluice import rails`: runs each migration up, and down again, on a private empty database
# (PGHOST and the like name it), and writes the SQL that it sent as JSON. Arguments: the folder of
# the migrations, the output file.
#
# A database without rows hides what a migration does to rows one by one: one that reads rows is
# reported, not guessed.
require "json"

folder, output = ARGV
%w[DATABASE_URL PGSERVICE PGOPTIONS PGHOSTADDR PGSSLMODE].each { |name| ENV.delete(name) }
result = { version: nil, problem: nil, revisions: {} }
write = lambda { File.write(output, JSON.generate(result)) }

begin
  require "pg"
  require "active_record"
rescue LoadError
  write.call
  exit
end
result[:version] = ActiveRecord.version.to_s

begin
  ActiveRecord::Base.establish_connection(
    adapter: "postgresql", database: "postgres", prepared_statements: false, advisory_locks: false)
  ActiveRecord::Base.logger = nil
  ActiveRecord::Migration.verbose = false
  ActiveRecord::Migrator.migrations_paths = [folder]
  connection = ActiveRecord::Base.connection
rescue StandardError => failure
  result[:problem] = "#{failure.class}: #{failure.message}"
  write.call
  exit
end
pool = ActiveRecord::Base.connection_pool

# What the migration that runs now has sent.
$sent, $reads = [], nil
ActiveSupport::Notifications.subscribe("sql.active_record") do |*, payload|
  next if ["SCHEMA", "TRANSACTION", "EXPLAIN"].include?(payload[:name]) || payload[:cached] || $reading
  sql = payload[:sql].strip
  next if sql =~ /\A(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE)\b/i
  $sent << sql
end

# Rows that Ruby asks for. Schema queries go other ways.
connection.class.prepend(Module.new do
  def select_all(arel, name = nil, *rest, **options)
    return super if name == "SCHEMA"
    $reads ||= name || "select_all"
    was, $reading = $reading, true
    super
  ensure
    $reading = was unless name == "SCHEMA"
  end
end)

def reason(failure)
  cause = failure.cause && failure.message.include?("An error has occurred") ? failure.cause : failure
  "#{cause.class}: #{cause.message.strip.lines.first.to_s.strip}"
end

def irreversible?(failure)
  failure && (failure.is_a?(ActiveRecord::IrreversibleMigration) || irreversible?(failure.cause))
end

# One direction; in a transaction where the migration wants one, which is kept or rolled back.
def run(migration, direction, keep)
  $sent, $reads, failure = [], nil, nil
  ActiveRecord::Base.connection.schema_cache.clear!
  ActiveRecord::Base.descendants.each { |model| model.reset_column_information unless model.abstract_class? }
  begin
    if migration.disable_ddl_transaction
      migration.migrate(direction)
    else
      ActiveRecord::Base.transaction(requires_new: true) do
        migration.migrate(direction)
        raise ActiveRecord::Rollback unless keep
      end
    end
  rescue StandardError, ScriptError => caught
    failure = caught
  end
  text = $sent.map { |sql| sql.sub(/[;\s]+\z/, "") + (sql.lines.last.include?("--") ? "\n;" : ";") }
  side = { sql: text.join("\n"), error: failure && reason(failure), none: !!irreversible?(failure),
           statement: !!migration.disable_ddl_transaction && text.size > 1 }
  side[:error] ||= "it reads rows (#{$reads}), and what it does to them is not known" if $reads
  side
end

begin
  context = pool.respond_to?(:migration_context) ? pool.migration_context : connection.migration_context
  migrations = context.migrations
rescue StandardError, ScriptError => failure
  result[:problem] = reason(failure)
  migrations = []
end

migrations.each do |migration|
  begin
    wanted = migration.disable_ddl_transaction
  rescue StandardError, ScriptError => failure # the file does not load
    side = { sql: "", error: reason(failure), none: false, statement: false }
    result[:revisions][migration.version.to_s] = { upgrade: side, downgrade: side }
    next
  end
  up = run(migration, :up, true)
  down = run(migration, :down, false)
  run(migration, :up, true) if wanted && !down[:none]
  result[:revisions][migration.version.to_s] = { upgrade: up, downgrade: down }
end
write.call
