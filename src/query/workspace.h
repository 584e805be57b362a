#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "duckdb/database.h"
#include "query/named_view.h"
#include "query/protocol.h"
#include "query/statement_gate.h"

namespace weir::query {

/// What a worker computes in: a DuckDB in memory in which the catalog's tables and the named
/// queries' views exist.
///
/// Objects are immutable, so a small table's are loaded once and kept; a large table's Parquet
/// objects are scanned by each query. Rows that are not in the lake yet come with each query.
class Workspace {
 public:
  /// Opens DuckDB with settings that allow reading below `readable_root` and nothing else, locks
  /// them, and reads them back: kInternal when one did not take.
  static base::Result<std::unique_ptr<Workspace>> Open(const std::string& readable_root,
                                                       uint64_t memory_bytes);

  /// Gates the SQL, makes tables and views if they are other ones than before, and finds the tables
  /// that the SQL reads.
  Needs Plan(const Prepare& prepare);

  /// Loads the data of the planned query.
  base::Result<void> Load(const Data& data);

  /// Runs the planned query.
  Outcome Run(const QueryLimits& limits);

 private:
  struct StoredTable {
    TableShape shape;
    std::string lake;  ///< Name of the table that holds the loaded objects' rows.
    std::string tail;  ///< Name of the table that holds the rows which are not in the lake.
    std::set<std::string, std::less<>> loaded;
  };

  /// A view or table by its name in lower case, and the tables it reads in the end.
  using Sources = std::set<uint32_t>;

  /// A view that was made.
  struct MadeView {
    std::string database;
    std::string name;
    GatedStatement statement;
    bool bare = false;  ///< It has the bare name, too.
  };

  Workspace() = default;

  base::Result<void> OpenDatabase();
  base::Result<void> MakeTables();
  base::Result<void> MakeTable(uint32_t index);
  void MakeViews();
  base::Result<void> MakeView(const NamedView& view);
  void SettleViewSources();
  /// Whether it has the bare name, too.
  base::Result<bool> Publish(const std::string& database, const std::string& name,
                             const std::string& select, const Sources& sources);
  /// The tables that a statement reads, when it is a query ("") or a view of `database`.
  base::Result<Sources> Resolve(const GatedStatement& statement, const std::string& database) const;
  const Sources* Find(const RelationName& relation, const std::string& database) const;
  base::Error Unknown(const RelationName& relation) const;
  /// The names of what the asker may read.
  std::vector<RelationName> Readable() const;

  base::Result<void> LoadLake(StoredTable& table, const std::vector<ObjectInput>& objects);
  base::Result<void> LoadObjects(StoredTable& table, const std::vector<ObjectInput>& objects);
  base::Result<void> ScanObjects(StoredTable& table, const std::vector<ObjectInput>& objects);
  base::Result<void> Execute(const std::string& sql);

  std::string readable_root_;
  uint64_t memory_bytes_ = 0;
  std::vector<TableShape> shapes_;
  std::vector<NamedQuery> queries_;
  std::vector<ViewFailure> failures_;
  Sources hidden_;  ///< Of the query.
  bool made_ = false;

  // Destroyed in the opposite order.
  std::optional<duckdb::Database> database_;
  std::optional<duckdb::Connection> connection_;

  std::vector<StoredTable> tables_;
  std::vector<MadeView> views_;
  std::map<RelationName, Sources> relations_;
  GatedStatement statement_;
};

}  // namespace weir::query
