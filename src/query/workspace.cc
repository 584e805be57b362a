#include "query/workspace.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "base/check.h"
#include "query/json_rows.h"
#include "query/named_view.h"
#include "query/result_encoder.h"

namespace weir::query {
namespace {

using base::Code;
using base::Fail;
using duckdb::QuoteIdentifier;
using duckdb::QuoteText;

/// A table whose objects have more bytes than this together is scanned, not loaded. The rows of
/// Parquet take about ten times their bytes in memory.
constexpr uint64_t kMaxLoadedBytes = 16ull << 20;
/// JSON objects are always loaded; more bytes of them than this are refused.
constexpr uint64_t kMaxLoadedJsonBytes = 256ull << 20;
/// Rows of JSON objects that are held at a time while they are loaded.
constexpr size_t kJsonRowsAtOnce = 16'384;
/// Named queries and tables of one catalog that a query sees.
constexpr size_t kMaxRelations = 2'000;
/// Characters of names that an error lists.
constexpr size_t kMaxListed = 500;

std::string JoinQuoted(const std::vector<std::string>& texts,
                       std::string (*quote)(std::string_view)) {
  std::string joined;
  for (const std::string& text : texts) {
    joined += joined.empty() ? "" : ", ";
    joined += quote(text);
  }
  return joined;
}

std::string ColumnList(const model::Schema& schema) {
  std::string list;
  for (const model::Field& field : schema) {
    list += list.empty() ? "" : ", ";
    list += QuoteIdentifier(field.name);
  }
  return list;
}

std::vector<std::string> Paths(const std::vector<const ObjectInput*>& objects) {
  std::vector<std::string> paths;
  paths.reserve(objects.size());
  for (const ObjectInput* object : objects) {
    paths.push_back(object->path);
  }
  return paths;
}

std::string ReadParquet(const std::vector<std::string>& paths, std::string_view more) {
  return "read_parquet([" + JoinQuoted(paths, QuoteText) +
         "], union_by_name = true, hive_partitioning = false" + std::string(more) + ")";
}

/// Values for the partition columns that StoredColumns keeps, each as ", 'value'".
std::string PartitionValues(const TableShape& shape, const std::vector<std::string>& values) {
  std::string list;
  for (size_t i = 0; i < shape.partition_keys.size(); ++i) {
    if (model::FindField(shape.columns, shape.partition_keys[i]) < 0) {
      list += ", " + (i < values.size() ? QuoteText(values[i]) : std::string("NULL"));
    }
  }
  return list;
}

/// The name as FROM takes it, unless it is a word of SQL.
std::string Written(const RelationName& name) {
  const auto part = [](const std::string& text) {
    const bool plain =
        std::isdigit(static_cast<unsigned char>(text.front())) == 0 &&
        std::ranges::all_of(text, [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; });
    return plain ? text : QuoteIdentifier(text);
  };
  return name.database.empty() ? part(name.name) : part(name.database) + "." + part(name.name);
}

/// A SELECT of the names.
std::string ListSql(const std::vector<RelationName>& names) {
  std::string list;
  for (const RelationName& name : names) {
    list += list.empty() ? "" : ", ";
    list += QuoteText(Written(name));
  }
  return "SELECT unnest(CAST([" + list + "] AS VARCHAR[])) AS name";
}

struct Setting {
  std::string_view name;
  std::string_view value;
};

/// The walls inside DuckDB, in the order in which they are raised.
constexpr Setting kSettings[] = {{"autoinstall_known_extensions", "false"},
                                 {"autoload_known_extensions", "false"},
                                 {"allow_community_extensions", "false"},
                                 {"enable_external_access", "false"},
                                 {"lock_configuration", "true"}};

}  // namespace

base::Result<std::unique_ptr<Workspace>> Workspace::Open(const std::string& readable_root,
                                                         uint64_t memory_bytes) {
  std::unique_ptr<Workspace> workspace(new Workspace());
  workspace->readable_root_ = readable_root;
  workspace->memory_bytes_ = memory_bytes;
  RETURN_IF_ERROR(workspace->OpenDatabase());
  return workspace;
}

base::Result<void> Workspace::Execute(const std::string& sql) {
  auto result = connection_->Execute(sql);
  if (!result.has_value()) {
    return std::unexpected(std::move(result).error());
  }
  return {};
}

base::Result<void> Workspace::OpenDatabase() {
  tables_.clear();
  views_.clear();
  relations_.clear();
  connection_.reset();
  database_.reset();
  // Half of the address space is for DuckDB's buffers; the rest is for what it does not count.
  ASSIGN_OR_RETURN(database_,
                   duckdb::Database::Open({{"threads", "2"},
                                           {"memory_limit", fmt::format("{}B", memory_bytes_ / 2)},
                                           {"temp_directory", ""}}));
  ASSIGN_OR_RETURN(connection_, database_->Connect());
  RETURN_IF_ERROR(Execute("SET TimeZone = 'UTC'"));
  if (!readable_root_.empty()) {
    RETURN_IF_ERROR(Execute("SET allowed_directories = [" + QuoteText(readable_root_ + "/") + "]"));
  }
  for (const Setting& setting : kSettings) {
    RETURN_IF_ERROR(Execute(fmt::format("SET {} = {}", setting.name, setting.value)));
  }
  for (const Setting& setting : kSettings) {
    ASSIGN_OR_RETURN(auto result,
                     connection_->Execute(fmt::format(
                         "SELECT CAST(current_setting('{}') AS VARCHAR)", setting.name)));
    ASSIGN_OR_RETURN(const auto chunk, result.Next());
    if (!chunk.has_value() || chunk->rows() != 1 || chunk->Text(0, 0) != setting.value) {
      return Fail(Code::kInternal, "the setting {} is not {}", setting.name, setting.value);
    }
  }
  return {};
}

Needs Workspace::Plan(const Prepare& prepare) {
  Needs needs;
  if (!made_ || shapes_ != prepare.tables || queries_ != prepare.queries) {
    base::Result<void> made = made_ ? OpenDatabase() : base::Result<void>();
    shapes_ = prepare.tables;
    queries_ = prepare.queries;
    failures_.clear();
    made_ = true;
    if (made.has_value()) {
      made = MakeTables();
    }
    if (!made.has_value()) {
      made_ = false;
      needs.error = std::move(made).error();
      return needs;
    }
    MakeViews();
  }
  needs.failures = failures_;
  hidden_ = {prepare.hidden.begin(), prepare.hidden.end()};
  auto gated = GateStatement(*connection_, prepare.sql);
  if (!gated.has_value()) {
    needs.error = std::move(gated).error();
    return needs;
  }
  if (gated->kind == GatedStatement::Kind::kShowTables) {
    gated->sql = ListSql(Readable());
  }
  const auto sources = Resolve(*gated, "");
  if (!sources.has_value()) {
    needs.error = sources.error();
    return needs;
  }
  needs.tables.assign(sources->begin(), sources->end());
  statement_ = std::move(*gated);
  return needs;
}

base::Result<void> Workspace::MakeTables() {
  if (shapes_.size() + queries_.size() > kMaxRelations) {
    return Fail(Code::kLimitExceeded,
                "the catalog has {} tables and named queries, a query sees at most {}",
                shapes_.size() + queries_.size(), kMaxRelations);
  }
  for (uint32_t index = 0; index < shapes_.size(); ++index) {
    // The names cannot be written in a query: the gate lets only published names through.
    tables_.push_back({.shape = shapes_[index],
                       .lake = fmt::format("%lake_{}", index),
                       .tail = fmt::format("%tail_{}", index),
                       .loaded = {}});
  }
  // Those of main first: their names are the bare ones.
  for (const bool of_main : {true, false}) {
    for (uint32_t index = 0; index < shapes_.size(); ++index) {
      if (shapes_[index].database.empty() != of_main) {
        continue;
      }
      if (auto made = MakeTable(index); !made.has_value()) {
        failures_.push_back({.name = shapes_[index].name, .reason = made.error().message});
      }
    }
  }
  return {};
}

base::Result<void> Workspace::MakeTable(uint32_t index) {
  const StoredTable& table = tables_[index];
  const model::Schema columns = StoredColumns(table.shape);
  RETURN_IF_ERROR(connection_->CreateTable(table.lake, columns));
  RETURN_IF_ERROR(connection_->CreateTable(table.tail, columns));
  RETURN_IF_ERROR(Publish(table.shape.database, table.shape.name,
                          fmt::format("SELECT * FROM {} UNION ALL SELECT * FROM {}",
                                      QuoteIdentifier(table.lake), QuoteIdentifier(table.tail)),
                          {index}));
  return {};
}

/// Makes `name` and `database`.`name` stand for `select`, in which bare names are looked for in
/// `database` first. The first of equal names in several databases has the bare name.
base::Result<bool> Workspace::Publish(const std::string& database, const std::string& name,
                                      const std::string& select, const Sources& sources) {
  const bool bare = !relations_.contains({.database = "", .name = name});
  if (relations_.contains({.database = database, .name = name})) {
    return Fail(Code::kAlreadyExists, "there is a table or view '{}' already", name);
  }
  if (!database.empty()) {
    RETURN_IF_ERROR(Execute("CREATE SCHEMA IF NOT EXISTS " + QuoteIdentifier(database)));
    RETURN_IF_ERROR(Execute(fmt::format("CREATE VIEW {}.{} AS {}", QuoteIdentifier(database),
                                        QuoteIdentifier(name), select)));
    relations_[{.database = database, .name = name}] = sources;
  }
  if (bare) {
    const std::string same =
        fmt::format("SELECT * FROM {}.{}", QuoteIdentifier(database), QuoteIdentifier(name));
    RETURN_IF_ERROR(Execute(fmt::format("CREATE VIEW main.{} AS {}", QuoteIdentifier(name),
                                        database.empty() ? select : same)));
    relations_[{.database = "", .name = name}] = sources;
  }
  return bare;
}

/// A view may read views that come later, so those that fail are tried again until nothing changes.
void Workspace::MakeViews() {
  std::vector<NamedView> left;
  for (const NamedQuery& query : queries_) {
    auto view = ReadNamedView(query);
    if (view.has_value()) {
      left.push_back(std::move(*view));
    } else {
      failures_.push_back({.name = query.name, .reason = view.error().message});
    }
  }
  std::vector<ViewFailure> failed;
  for (bool progress = true; progress && !left.empty();) {
    progress = false;
    failed.clear();
    std::vector<NamedView> again;
    for (NamedView& view : left) {
      const auto made = MakeView(view);
      if (made.has_value()) {
        progress = true;
      } else {
        failed.push_back({.name = view.name, .reason = made.error().message});
        again.push_back(std::move(view));
      }
    }
    left = std::move(again);
  }
  failures_.insert(failures_.end(), failed.begin(), failed.end());
  SettleViewSources();
}

base::Result<void> Workspace::MakeView(const NamedView& view) {
  ASSIGN_OR_RETURN(GatedStatement statement, GateStatement(*connection_, view.select));
  if (statement.kind != GatedStatement::Kind::kSelect) {
    return Fail(Code::kInvalidArgument, "a view is a SELECT");
  }
  ASSIGN_OR_RETURN(const Sources sources, Resolve(statement, view.database));
  ASSIGN_OR_RETURN(const bool bare, Publish(view.database, view.name, statement.sql, sources));
  views_.push_back({.database = view.database,
                    .name = view.name,
                    .statement = std::move(statement),
                    .bare = bare});
  return {};
}

/// DuckDB looks a view's names up when the view is read, so a view that was made later may stand
/// for a name in an earlier one: what views read is found out anew when all are there.
void Workspace::SettleViewSources() {
  const auto of = [this](const MadeView& view) {
    std::vector<Sources*> names = {&relations_[{.database = view.database, .name = view.name}]};
    if (view.bare) {
      names.push_back(&relations_[{.database = "", .name = view.name}]);
    }
    return names;
  };
  for (const MadeView& view : views_) {
    for (Sources* const known : of(view)) {
      known->clear();
    }
  }
  for (bool changed = true; changed;) {
    changed = false;
    for (const MadeView& view : views_) {
      const auto sources = Resolve(view.statement, view.database);
      CHECK(sources.has_value());  // It had all of its names when it was made.
      for (Sources* const known : of(view)) {
        changed = changed || *known != *sources;
        *known = *sources;
      }
    }
  }
}

const Workspace::Sources* Workspace::Find(const RelationName& relation,
                                          const std::string& database) const {
  RelationName wanted = relation;
  if (wanted.database.empty()) {
    wanted.database = database;
  } else {
    wanted.database = DatabaseOf(wanted.database);
  }
  auto found = relations_.find(wanted);
  if (found == relations_.end() && relation.database.empty()) {
    found = relations_.find(relation);
  }
  return found == relations_.end() ? nullptr : &found->second;
}

base::Result<Workspace::Sources> Workspace::Resolve(const GatedStatement& statement,
                                                    const std::string& database) const {
  Sources sources;
  for (const RelationName& relation : statement.relations) {
    const Sources* const found = Find(relation, database);
    if (found == nullptr) {
      return std::unexpected(Unknown(relation));
    }
    sources.insert(found->begin(), found->end());
  }
  // A WITH name hides a table of that name. It counts as read all the same, so that no table is
  // open to who may not read it if DuckDB ever sees a scope otherwise than the gate.
  for (const std::string& name : statement.with_names) {
    const Sources* const found = Find({.database = "", .name = name}, database);
    if (found != nullptr) {
      sources.insert(found->begin(), found->end());
    }
  }
  return sources;
}

std::vector<RelationName> Workspace::Readable() const {
  std::vector<RelationName> names;
  for (const auto& [name, sources] : relations_) {
    if (std::ranges::none_of(sources, [this](uint32_t table) { return hidden_.contains(table); })) {
      names.push_back(name);
    }
  }
  return names;
}

base::Error Workspace::Unknown(const RelationName& relation) const {
  for (const ViewFailure& failure : failures_) {
    // What it reads is not known, and the reason may name it.
    if (failure.name == relation.name && hidden_.empty()) {
      return {Code::kInvalidArgument,
              fmt::format("the view '{}' could not be made: {}", failure.name, failure.reason)};
    }
  }
  std::string known;
  for (const RelationName& name : Readable()) {
    if (name.database.empty() && known.size() < kMaxListed) {
      known += (known.empty() ? "" : ", ") + Written(name);
    }
  }
  return {Code::kInvalidArgument,
          fmt::format("there is no table or view '{}{}{}'; there are: {}", relation.database,
                      relation.database.empty() ? "" : ".", relation.name,
                      known.empty() ? "none yet" : known)};
}

base::Result<void> Workspace::Load(const Data& data) {
  for (const TableData& input : data.tables) {
    if (input.table >= tables_.size()) {
      return Fail(Code::kInternal, "data for table {} of {}", input.table, tables_.size());
    }
    StoredTable& table = tables_[input.table];
    RETURN_IF_ERROR(LoadLake(table, input.objects));
    RETURN_IF_ERROR(Execute("DROP TABLE " + QuoteIdentifier(table.tail)));
    RETURN_IF_ERROR(connection_->CreateTable(table.tail, StoredColumns(table.shape)));
    RETURN_IF_ERROR(AppendJsonRows(*connection_, table.tail, table.shape, input.rows, {}));
  }
  return {};
}

base::Result<void> Workspace::LoadLake(StoredTable& table,
                                       const std::vector<ObjectInput>& objects) {
  uint64_t bytes = 0;
  size_t kept = 0;
  for (const ObjectInput& object : objects) {
    bytes += object.bytes;
    kept += table.loaded.contains(object.path) ? 1 : 0;
  }
  const bool json = table.shape.format == "json";
  if (json && bytes > kMaxLoadedJsonBytes) {
    return Fail(Code::kLimitExceeded,
                "the table '{}' has {} bytes of JSON objects, a query reads at most {}; deliver it "
                "as Parquet",
                table.shape.name, bytes, kMaxLoadedJsonBytes);
  }
  const bool scan = !json && bytes > kMaxLoadedBytes;
  if (kept < table.loaded.size() || (scan && !table.loaded.empty())) {
    RETURN_IF_ERROR(Execute("DROP TABLE " + QuoteIdentifier(table.lake)));
    RETURN_IF_ERROR(connection_->CreateTable(table.lake, StoredColumns(table.shape)));
    table.loaded.clear();
  }
  return scan ? ScanObjects(table, objects) : LoadObjects(table, objects);
}

base::Result<void> Workspace::LoadObjects(StoredTable& table,
                                          const std::vector<ObjectInput>& objects) {
  std::map<std::vector<std::string>, std::vector<const ObjectInput*>> missing;
  for (const ObjectInput& object : objects) {
    if (!table.loaded.contains(object.path)) {
      missing[object.partition].push_back(&object);
    }
  }
  const std::string name = QuoteIdentifier(table.lake);
  const std::string columns = ColumnList(table.shape.columns);
  for (const auto& [partition, group] : missing) {
    const std::vector<std::string> paths = Paths(group);
    if (table.shape.format != "json") {
      // BY NAME with an empty table of the declared columns: columns that no object has are NULL.
      RETURN_IF_ERROR(Execute(fmt::format(
          "INSERT INTO {0} SELECT {1}{2} FROM (SELECT {1} FROM {0} WHERE false UNION ALL BY NAME "
          "SELECT * FROM {3})",
          name, columns, PartitionValues(table.shape, partition), ReadParquet(paths, ""))));
    } else {
      ASSIGN_OR_RETURN(
          auto texts,
          connection_->Execute("SELECT CAST(json AS VARCHAR) FROM read_json_objects([" +
                               JoinQuoted(paths, QuoteText) + "], format = 'unstructured')"));
      std::vector<duckdb::Chunk> chunks;
      std::vector<RowInput> rows;
      for (bool more = true; more;) {
        ASSIGN_OR_RETURN(auto chunk, texts.Next());
        more = chunk.has_value();
        if (more) {
          for (size_t row = 0; row < chunk->rows(); ++row) {
            rows.push_back({.arrival = {}, .json = chunk->Text(0, row)});
          }
          chunks.push_back(std::move(*chunk));
        }
        if (rows.size() >= kJsonRowsAtOnce || !more) {
          RETURN_IF_ERROR(AppendJsonRows(*connection_, table.lake, table.shape, rows, partition));
          rows.clear();
          chunks.clear();
        }
      }
    }
    table.loaded.insert(paths.begin(), paths.end());
  }
  return {};
}

base::Result<void> Workspace::ScanObjects(StoredTable& table,
                                          const std::vector<ObjectInput>& objects) {
  const std::string columns = ColumnList(table.shape.columns);
  const std::string lake = QuoteIdentifier(table.lake);
  std::map<std::vector<std::string>, std::vector<const ObjectInput*>> groups;
  for (const ObjectInput& object : objects) {
    groups[object.partition].push_back(&object);
  }
  std::string select = "SELECT * FROM " + QuoteIdentifier(table.tail);
  for (const auto& [partition, group] : groups) {
    select += fmt::format(
        " UNION ALL SELECT {0}{1} FROM (SELECT {0} FROM {2} WHERE false UNION ALL BY NAME "
        "SELECT * FROM {3})",
        columns, PartitionValues(table.shape, partition), lake, ReadParquet(Paths(group), ""));
  }
  const std::string& database = table.shape.database;
  return Execute(fmt::format("CREATE OR REPLACE VIEW {}.{} AS {}",
                             QuoteIdentifier(database.empty() ? "main" : database),
                             QuoteIdentifier(table.shape.name), select));
}

Outcome Workspace::Run(const QueryLimits& limits) {
  return RunAndEncode(*connection_, statement_, limits);
}

}  // namespace weir::query
