# The checks of ActiveRecord: its schema reflection, models, and what Rails does at a start.
require 'active_record'
require 'bigdecimal'
$stdout.sync = true
ActiveSupport::Deprecation.silenced = true

def check(name)
  yield
  puts "ok - #{name}"
rescue Exception => e # every failure is a line
  puts "not ok - #{name}: #{e.class} #{e.message.gsub(/\s+/, ' ')[0, 300]}"
  warn e.backtrace.first(5)
end

def same(got, wanted)
  raise "wanted #{wanted.inspect}, got #{got.inspect}" unless got == wanted
end

ActiveRecord::Base.establish_connection(adapter: 'postgresql', host: ENV['PGHOST'], port: ENV['PGPORT'], username: ENV['PGUSER'], password: ENV['PGPASSWORD'],
  database: ENV['PGDATABASE'], sslmode: ENV['PGSSLMODE'], pool: 5, variables: {statement_timeout: '60s'})
ActiveRecord.default_timezone = :utc if ActiveRecord.respond_to?(:default_timezone=)
LINK = ActiveRecord::Base.connection

class Org < ActiveRecord::Base
  self.table_name = 'org'
end
class Project < ActiveRecord::Base
  self.table_name = 'app.project'
  has_many :tasks
end
class Task < ActiveRecord::Base
  self.table_name = 'app.task'
  belongs_to :project
  has_many :comments
end
class Comment < ActiveRecord::Base
  self.table_name = 'comment'
  belongs_to :task
end
class Member < ActiveRecord::Base
  self.table_name = 'member'
end
class Invoice < ActiveRecord::Base
  self.table_name = 'billing.invoice'
end
class Specimen < ActiveRecord::Base
  self.table_name = 'specimen'
end
class Reading < ActiveRecord::Base
  self.table_name = 'reading'
end
MODELS = {task: Task, project: Project, member: Member, comment: Comment, invoice: Invoice, reading: Reading}.freeze

check 'connect' do
  same LINK.select_value('SELECT current_user'), 'dana'
  same LINK.active?, true
  same LINK.current_database, ENV['PGDATABASE']
  same LINK.schema_search_path.delete(' "'), 'app,billing'
  same LINK.encoding, 'UTF8'
end

check 'introspect' do
  wanted = ENV['WANT_TABLES'].split.map { |t| t.split('.').last }.sort
  same LINK.tables.sort, wanted
  same LINK.data_source_exists?('app.audit_log'), false
  same LINK.table_exists?('app.task'), true
  same Member.column_names, %w[id org_id username full_name joined_on active]
  same Specimen.columns_hash['a_numeric'].sql_type, 'numeric(20,6)'
  same Specimen.columns_hash['a_numeric'].comment, 'An exact number'
  same Specimen.columns_hash['an_int_array'].array, true
  same Task.primary_key, 'id'
  same LINK.primary_keys('app.membership'), %w[project_id member_id]
  same LINK.foreign_keys('app.task').map { |k| [k.to_table.split('.').last, k.column, k.primary_key] }, [%w[project project_id id]]
  same LINK.indexes('app.reading').map(&:columns), [%w[org_id sensor]]
  same LINK.table_comment('app.specimen'), 'One of each type'
  LINK.views
  LINK.schema_names
  LINK.extensions
  LINK.enum_types if LINK.respond_to?(:enum_types)
  LINK.default_sequence_name('app.reading')
  LINK.max_identifier_length
end

def values(row)
  same [row.a_smallint, row.an_int, row.a_bigint, row.a_numeric], [-32768, 2147483647, -9223372036854775808, BigDecimal('12345678901234.567890')]
  same [row.a_real, row.a_double, row.a_text, row.a_varchar, row.a_char, row.a_bool], [1.5, 2.5e-10, "Grüße, 'world'", 'varchar', 'char  ', true]
  same row.a_bytea.b, "\0\xff\x10".b
  same [row.a_date, row.a_timestamptz.utc.usec, row.a_timestamp.to_date], [Date.new(2026, 2, 28), 678901, Date.new(2026, 2, 28)]
  same [row.a_uuid, row.a_json, row.a_jsonb, row.an_int_array], ['a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', {'a' => [1, 2]}, {'b' => {'c' => nil}}, [1, 2, nil, -4]]
  same [row.a_text_array, row.an_enum, row.an_int_range], [['one', 'two, three', nil, ''], 'on_hold', 3...9]
end

check('text') do
  values(Specimen.find(1))
  same Specimen.find(2).attributes.values.compact, [2, 'acme']
end
puts 'ok - binary # SKIP ActiveRecord reads text alone'

check 'write' do
  made = Specimen.create!(id: 1001, org_id: 'acme', an_int: 5, a_bytea: "\0\1\xff".b, a_text_array: %w[a b], a_jsonb: {x: 1})
  made.update!(an_int: 6)
  same Specimen.find(1001).an_int, 6
  same Specimen.insert_all((1100...1150).map { |n| {id: n, org_id: 'acme'} }).length, 50
  same Specimen.upsert_all([{id: 1100, org_id: 'acme', an_int: 9}]).length, 1
  same Specimen.where('id >= ?', 1001).update_all(an_int: 7), 51
  same Specimen.where('id >= 1001').delete_all, 51
  reading = Reading.create!(org_id: 'acme', sensor: 1, taken_at: Time.now, value: 2)
  same reading.id.positive?, true
  reading.destroy!
end

check 'transaction' do
  Specimen.transaction { Specimen.create!(id: 1002, org_id: 'acme'); raise ActiveRecord::Rollback }
  same Specimen.where(id: 1002).count, 0
  Specimen.transaction(isolation: :serializable) { Specimen.create!(id: 1002, org_id: 'acme') }
  same Specimen.where(id: 1002).delete_all, 1
end

check 'savepoint' do
  Specimen.transaction do
    Specimen.create!(id: 1003, org_id: 'acme')
    begin
      Specimen.transaction(requires_new: true) { Specimen.create!(id: 1003, org_id: 'acme') }
      raise 'a key stands twice'
    rescue ActiveRecord::RecordNotUnique => e
      same e.cause.class, PG::UniqueViolation
    end
    same Specimen.where(id: 1003).count, 1
    raise ActiveRecord::Rollback
  end
end

check 'error' do
  {'SELECT nonesuch FROM task' => '42703', 'SELECT 1 / (id - id) FROM task' => '22012', 'SELECT * FROM audit_log' => '42P01',
   "INSERT INTO project (org_id, name, owner_id) VALUES ('globex', 'x', 'dana')" => '42501'}.each do |sql, state|
    LINK.execute(sql)
    raise "#{sql} succeeds"
  rescue ActiveRecord::StatementInvalid => e
    same [sql, e.cause.result.error_field(PG::PG_DIAG_SQLSTATE)], [sql, state]
    same e.cause.result.error_field(PG::PG_DIAG_STATEMENT_POSITION), '8' if state == '42703'
  end
end

check 'stream' do
  n = total = 0
  Reading.in_batches(of: 10_000) { |batch| batch.pluck(:id).each { |id| n += 1; total += id } }
  same n, ENV['WANT_READINGS'].to_i
  same Reading.sum(:id), total
  seen = 0
  LINK.raw_connection.send_query('SELECT * FROM reading')
  LINK.raw_connection.set_single_row_mode
  LINK.raw_connection.get_result.stream_each { seen += 1 }
  LINK.raw_connection.get_last_result
  same seen, n
end

check 'cancel' do
  raw = LINK.raw_connection
  Thread.new { sleep 0.5; raw.cancel }
  begin
    LINK.execute(ENV['SLOW_QUERY'])
    raise 'it ended by itself'
  rescue ActiveRecord::QueryCanceled => e
    same e.cause.result.error_field(PG::PG_DIAG_SQLSTATE), '57014'
  end
  same LINK.select_value('SELECT 1'), 1
end

check 'tenant' do
  MODELS.each { |name, model| same [name, model.count], [name, ENV["WANT_#{name.upcase}S"].to_i] }
  same Specimen.where(id: 3).exists?, false
  same Task.joins(:project).count, ENV['WANT_TASKS'].to_i
  same Task.includes(:comments).order(:id).first.comments.to_a.all? { |c| c.task_id.positive? }, true
end

check 'a migration is refused' do
  LINK.create_table(:things) { |t| t.string :name }
  raise 'a table was made'
rescue ActiveRecord::StatementInvalid => e
  same e.cause.result.error_field(PG::PG_DIAG_SQLSTATE), '42501'
end

check 'prepared' do
  12.times { |n| Task.where('id > ?', n).where(status: 'open').limit(2).to_a }
  LINK.reset!
  same Task.find_by(id: Task.minimum(:id)).nil?, false
  LINK.clear_cache!
end
