#include <algorithm>
#include <list>
#include <mutex>
#include <set>
#include <utility>

#include "base/logging.h"
#include "json/document.h"
#include "log/notifier.h"
#include "query/exact_cut.h"
#include "query/protocol.h"
#include "query/query.h"
#include "query/statement_gate.h"
#include "query/worker_pool.h"

namespace weir::query {
namespace {

using base::Code;
using base::Fail;

/// How long a query waits for the application to publish what delivery has overtaken (see CutPlan).
constexpr int64_t kStaleWaitNanos = 250'000'000;
constexpr int64_t kStalePauseMillis = 5;
/// Results that are kept for questions with QueryOptions::reuse, and the greatest of them.
constexpr size_t kMaxKept = 16;
constexpr size_t kMaxKeptBytes = 2 << 20;

/// What the catalog says, read once per version.
struct CatalogView {
  uint64_t version = 0;
  std::vector<catalog::TableSnapshot> tables;
  std::vector<TableShape> shapes;
  std::vector<NamedQuery> queries;
};

/// An earlier result and all that it depends on.
struct Kept {
  std::string sql;
  bool fresh = true;
  uint64_t catalog_version = 0;
  std::vector<uint32_t> tables;
  std::vector<CutMark> marks;
  QueryResult result;
};

TableShape ShapeOf(const catalog::Table& table) {
  return {.database = DatabaseOf(table.database),
          .name = table.name,
          .format = table.format,
          .columns = table.columns,
          .partition_keys = table.partition_keys};
}

base::Result<std::vector<NamedQuery>> ReadNamedQueries(catalog::Catalog& catalog) {
  ASSIGN_OR_RETURN(const auto resources, catalog.List("AWS::Athena::NamedQuery"));
  std::vector<NamedQuery> queries;
  for (const catalog::Resource& resource : resources) {
    NamedQuery query{.database = "", .name = resource.name, .text = ""};
    const auto definition = json::Parse(resource.definition, {.max_bytes = 1 << 20});
    if (definition.has_value()) {
      query.text = definition->StringAt("QueryString").value_or("");
      query.database = definition->StringAt("Database").value_or("");
      query.name = definition->StringAt("Name").value_or(resource.name);
    }
    queries.push_back(std::move(query));
  }
  return queries;
}

base::Result<void> CheckReadable(const catalog::Table& table, const QueryOptions& options) {
  if (!options.may_read || options.may_read(table.source_stream)) {
    return {};
  }
  return Fail(
      Code::kPermission,
      "the query reads table '{}.{}', which stream '{}' feeds, and the key is bound to other "
      "streams; use a key that is bound to this one too (--stream '{}'), or to none",
      table.database, table.name, table.source_stream, table.source_stream);
}

/// The folder under which every object lies.
std::string RootOf(const lake::ObjectStore& store) {
  const std::string path = store.LocalPath("bucket", "key");
  constexpr std::string_view kTail = "/bucket/key";
  return path.ends_with(kTail) ? path.substr(0, path.size() - kTail.size()) : std::string();
}

class Service : public QueryService {
 public:
  Service(std::string program, catalog::Catalog& catalog, lake::ObjectStore& store, log::Log& log,
          base::Clock& clock)
      : catalog_(catalog),
        store_(store),
        log_(log),
        clock_(clock),
        pool_(std::move(program),
              {.readable_root = RootOf(store), .memory_bytes = QueryLimits{}.memory_bytes}, clock) {
  }

  base::Result<QueryResult> Run(std::string_view sql, const QueryOptions& options) override;

  void Shutdown() override { pool_.Shutdown(); }

 private:
  /// The tables of one query with their cuts.
  struct Inputs {
    std::shared_ptr<const CatalogView> catalog;
    std::vector<uint32_t> tables;
    std::vector<CutMark> marks;
    std::vector<TableCut> cuts;
  };

  base::Result<std::shared_ptr<const CatalogView>> ReadCatalog();
  base::Result<QueryResult> RunIn(WorkerProcess& worker, std::string_view sql,
                                  const QueryOptions& options, int64_t deadline, bool& reusable);
  base::Result<Inputs> ReadInputs(const CatalogView& planned, const std::vector<uint32_t>& tables,
                                  const QueryOptions& options);
  base::Result<void> ReadCuts(Inputs& inputs);
  bool PlanMarks(Inputs& inputs, bool fresh, bool with_live);
  std::string EncodeData(const Inputs& inputs) const;
  void ReportFailures(const Needs& needs, uint64_t catalog_version);

  std::optional<QueryResult> FindKept(std::string_view sql, const QueryOptions& options);
  void Keep(std::string_view sql, const QueryOptions& options, const Inputs& inputs,
            const QueryResult& result);

  catalog::Catalog& catalog_;
  lake::ObjectStore& store_;
  log::Log& log_;
  base::Clock& clock_;
  WorkerPool pool_;

  std::mutex mutex_;
  std::shared_ptr<const CatalogView> view_;
  std::list<Kept> kept_;
  std::set<std::string> reported_;
};

base::Result<std::shared_ptr<const CatalogView>> Service::ReadCatalog() {
  // Read before the content, so that a change in between is seen as one the next time.
  const uint64_t version = catalog_.version();
  {
    const std::lock_guard lock(mutex_);
    if (view_ != nullptr && view_->version == version) {
      return view_;
    }
  }
  auto view = std::make_shared<CatalogView>();
  view->version = version;
  ASSIGN_OR_RETURN(view->tables, catalog_.Snapshot());
  for (const catalog::TableSnapshot& table : view->tables) {
    view->shapes.push_back(ShapeOf(table.table));
  }
  ASSIGN_OR_RETURN(view->queries, ReadNamedQueries(catalog_));
  const std::lock_guard lock(mutex_);
  view_ = view;
  return view;
}

/// Plans the cuts of all tables; false when some live table is behind the catalog.
bool Service::PlanMarks(Inputs& inputs, bool fresh, bool with_live) {
  inputs.marks.clear();
  for (const uint32_t index : inputs.tables) {
    const catalog::TableSnapshot& table = inputs.catalog->tables[index];
    log::Stream* stream = fresh ? log_.Find(table.table.source_stream) : nullptr;
    if (!with_live) {
      inputs.marks.push_back(PlanCutWithoutLive(table, stream));
      continue;
    }
    CutPlan plan = PlanCut(table, stream, log_.live());
    if (plan.stale) {
      return false;
    }
    inputs.marks.push_back(std::move(plan.mark));
  }
  return true;
}

base::Result<Service::Inputs> Service::ReadInputs(const CatalogView& planned,
                                                  const std::vector<uint32_t>& tables,
                                                  const QueryOptions& options) {
  Inputs inputs{.tables = tables};
  const int64_t give_up = clock_.MonotonicNanos() + kStaleWaitNanos;
  for (int attempt = 0;; ++attempt) {
    ASSIGN_OR_RETURN(inputs.catalog, ReadCatalog());
    if (inputs.catalog->shapes != planned.shapes) {
      return Fail(Code::kUnavailable, "the catalog's tables changed during the query; try again");
    }
    for (const uint32_t table : tables) {
      RETURN_IF_ERROR(CheckReadable(inputs.catalog->tables[table].table, options));
    }
    const bool last = clock_.MonotonicNanos() >= give_up ||
                      attempt > kStaleWaitNanos / 1'000'000 / kStalePauseMillis;
    const bool planned_all =
        PlanMarks(inputs, options.fresh, true) || (last && PlanMarks(inputs, options.fresh, false));
    if (planned_all && catalog_.version() == inputs.catalog->version) {
      const base::Result<void> read = ReadCuts(inputs);
      if (read.has_value()) {
        return inputs;
      }
      if (last || read.error().code != Code::kUnavailable) {
        return std::unexpected(read.error());
      }
    } else if (last) {
      return Fail(Code::kUnavailable, "the catalog changed while its tables were read; try again");
    }
    log::Notifier moment;  // Nobody notifies: who is ahead publishes within moments.
    moment.Wait(moment.count(), kStalePauseMillis);
  }
}

base::Result<void> Service::ReadCuts(Inputs& inputs) {
  inputs.cuts.clear();
  for (size_t i = 0; i < inputs.tables.size(); ++i) {
    const catalog::TableSnapshot& table = inputs.catalog->tables[inputs.tables[i]];
    log::Stream* stream = log_.Find(table.table.source_stream);
    ASSIGN_OR_RETURN(auto cut, ReadCut(table, stream, inputs.marks[i]));
    inputs.cuts.push_back(std::move(cut));
  }
  return {};
}

std::string Service::EncodeData(const Inputs& inputs) const {
  Data data;
  for (size_t i = 0; i < inputs.tables.size(); ++i) {
    const catalog::TableSnapshot& table = inputs.catalog->tables[inputs.tables[i]];
    TableData& out = data.tables.emplace_back();
    out.table = inputs.tables[i];
    for (const catalog::Object& object : table.objects) {
      ObjectInput& input = out.objects.emplace_back();
      input.path = store_.LocalPath(object.bucket, object.key);
      input.bytes = object.bytes;
      for (const std::string& key : table.table.partition_keys) {
        const auto value = object.partition.find(key);
        input.partition.push_back(value == object.partition.end() ? "" : value->second);
      }
    }
    for (const FreshRow& row : inputs.cuts[i].rows) {
      out.rows.push_back({.arrival = row.arrival, .json = row.json});
    }
  }
  return Encode(data);
}

/// Logs each named query that made no view, once per version of the catalog.
void Service::ReportFailures(const Needs& needs, uint64_t catalog_version) {
  for (const ViewFailure& failure : needs.failures) {
    const std::lock_guard lock(mutex_);
    if (reported_.size() > kMaxKept) {
      reported_.clear();
    }
    if (reported_.insert(fmt::format("{}/{}", catalog_version, failure.name)).second) {
      base::LogEvent(base::LogLevel::kWarning, "query.view_failed",
                     "a named query made no view; correct its SQL",
                     {{"name", failure.name}, {"reason", failure.reason}});
    }
  }
}

std::optional<QueryResult> Service::FindKept(std::string_view sql, const QueryOptions& options) {
  const std::lock_guard lock(mutex_);
  for (const Kept& kept : kept_) {
    if (kept.sql != sql || kept.fresh != options.fresh || view_ == nullptr ||
        kept.catalog_version != view_->version || catalog_.version() != view_->version) {
      continue;
    }
    Inputs now{.catalog = view_, .tables = kept.tables};
    if (PlanMarks(now, options.fresh, true) && now.marks == kept.marks) {
      QueryResult result = kept.result;
      for (const CutMark& mark : now.marks) {
        result.as_of =
            std::max(result.as_of, mark.live == nullptr ? model::Rowtime{} : mark.live->as_of);
      }
      return result;
    }
  }
  return std::nullopt;
}

void Service::Keep(std::string_view sql, const QueryOptions& options, const Inputs& inputs,
                   const QueryResult& result) {
  if (!options.reuse || result.rows_json.size() > kMaxKeptBytes) {
    return;
  }
  const std::lock_guard lock(mutex_);
  kept_.remove_if([&](const Kept& kept) { return kept.sql == sql && kept.fresh == options.fresh; });
  kept_.push_front({.sql = std::string(sql),
                    .fresh = options.fresh,
                    .catalog_version = inputs.catalog->version,
                    .tables = inputs.tables,
                    .marks = inputs.marks,
                    .result = result});
  if (kept_.size() > kMaxKept) {
    kept_.pop_back();
  }
}

base::Result<QueryResult> Service::RunIn(WorkerProcess& worker, std::string_view sql,
                                         const QueryOptions& options, int64_t deadline,
                                         bool& reusable) {
  ASSIGN_OR_RETURN(const auto catalog, ReadCatalog());
  Prepare prepare{.sql = std::string(sql),
                  .limits = options.limits,
                  .tables = catalog->shapes,
                  .queries = catalog->queries,
                  .hidden = {}};
  for (uint32_t index = 0; index < catalog->tables.size(); ++index) {
    if (!CheckReadable(catalog->tables[index].table, options).has_value()) {
      prepare.hidden.push_back(index);
    }
  }
  ASSIGN_OR_RETURN(const std::string needs_frame, worker.Ask(Encode(prepare), deadline));
  ASSIGN_OR_RETURN(const Needs needs, DecodeNeeds(needs_frame));
  ReportFailures(needs, catalog->version);
  if (needs.error.has_value()) {
    // Refused before anything ran: the worker is as good as before.
    reusable = needs.error->code == Code::kInvalidArgument;
    return std::unexpected(*needs.error);
  }
  for (const uint32_t table : needs.tables) {
    if (table >= catalog->tables.size()) {
      return Fail(Code::kInternal, "a query worker asks for table {}", table);
    }
  }
  const auto read = ReadInputs(*catalog, needs.tables, options);
  if (!read.has_value()) {
    // Nothing ran, so the worker is free for the next query once it knows.
    reusable = worker.Ask(Encode(Data{.abandoned = true}), deadline).has_value();
    return std::unexpected(read.error());
  }
  const Inputs& inputs = *read;
  ASSIGN_OR_RETURN(const std::string outcome_frame, worker.Ask(EncodeData(inputs), deadline));
  ASSIGN_OR_RETURN(Outcome outcome, DecodeOutcome(outcome_frame));
  if (outcome.error.has_value()) {
    return std::unexpected(std::move(*outcome.error));
  }
  reusable = true;
  QueryResult result{.columns = std::move(outcome.columns),
                     .rows_json = std::move(outcome.rows_json),
                     .row_count = outcome.row_count};
  for (const TableCut& cut : inputs.cuts) {
    result.as_of = std::max(result.as_of, cut.as_of);
  }
  Keep(sql, options, inputs, result);
  return result;
}

base::Result<QueryResult> Service::Run(std::string_view sql, const QueryOptions& options) {
  const int64_t start = clock_.MonotonicNanos();
  const int64_t deadline = start + options.limits.timeout_millis * 1'000'000;
  const auto elapsed = [&] { return (clock_.MonotonicNanos() - start) / 1'000'000; };
  if (options.reuse && !options.may_read) {
    if (auto kept = FindKept(sql, options); kept.has_value()) {
      kept->elapsed_millis = elapsed();
      return std::move(*kept);
    }
  }
  ASSIGN_OR_RETURN(auto worker, pool_.Take(deadline));
  bool reusable = false;
  auto result = RunIn(*worker, sql, options, deadline, reusable);
  pool_.Return(std::move(worker), reusable);
  if (result.has_value()) {
    result->elapsed_millis = elapsed();
  } else if (pool_.is_shut_down()) {
    return Fail(Code::kUnavailable, "{}", WorkerPool::kShuttingDown);
  } else if (result.error().code == Code::kLimitExceeded && clock_.MonotonicNanos() >= deadline) {
    return Fail(Code::kLimitExceeded, "the query took longer than {} ms and was stopped",
                options.limits.timeout_millis);
  }
  return result;
}

}  // namespace

base::Result<std::unique_ptr<QueryService>> QueryService::Create(std::string program,
                                                                 catalog::Catalog& catalog,
                                                                 lake::ObjectStore& store,
                                                                 log::Log& log,
                                                                 base::Clock& clock) {
  return std::make_unique<Service>(std::move(program), catalog, store, log, clock);
}

}  // namespace weir::query
