#include "query/query.h"

#include <cstdio>
#include <filesystem>

#include "json/document.h"
#include "server/commands.h"
#include "server/data_folder.h"
#include "server/exit_code.h"
#include "server/program_path.h"
#include "server/remote.h"

namespace weir::server {

namespace {

constexpr int64_t kTimeoutMillis = 60'000;

base::Result<query::QueryResult> AskServer(const QueryCommand& command) {
  ASSIGN_OR_RETURN(const auto server, RemoteServer::Open(command.target, kTimeoutMillis));
  json::Value asked = json::Value::Object();
  asked.Set("sql", command.sql);
  ASSIGN_OR_RETURN(const json::Value body, server->Send("POST", "/v1/query", asked.Serialize()));
  query::QueryResult result;
  const json::Value* columns = body.Find("columns");
  const json::Value* rows = body.Find("rows");
  if (columns == nullptr || rows == nullptr) {
    return base::Fail(base::Code::kInternal, "the server's answer has no columns and rows");
  }
  for (const json::Value& column : columns->Items()) {
    result.columns.push_back(
        {column.StringAt("name").value_or(""), column.StringAt("type").value_or("")});
  }
  result.rows_json = rows->Serialize();
  result.row_count = rows->Items().size();
  return result;
}

base::Result<query::QueryResult> AskFolder(const QueryCommand& command, DataFolder& folder) {
  stack::EngineOptions options{.checkpoint_directory = folder.checkpoint_directory()};
  options.application.live_interval_millis = 1;
  ASSIGN_OR_RETURN(const auto engine, stack::Engine::Open(folder.parts(), std::move(options)));
  // What was accepted before the last stop is computed first, so that the answer contains it.
  for (bool more = true; more;) {
    ASSIGN_OR_RETURN(more, engine->Step());
  }
  ASSIGN_OR_RETURN(const auto service,
                   query::QueryService::Create(ProgramPath(), folder.catalog(), folder.store(),
                                               folder.log(), base::SystemClock()));
  auto result = service->Run(command.sql, {});
  service->Shutdown();
  return result;
}

}  // namespace

std::string ProgramPath() {
  std::error_code ignored;
  return std::filesystem::read_symlink("/proc/self/exe", ignored).string();
}

int RunQuery(const QueryCommand& command) {
  base::Result<query::QueryResult> result;
  if (!command.target.server.empty()) {
    result = AskServer(command);
    if (!result.has_value()) {
      return ReportRemote(result.error());
    }
  } else {
    auto folder =
        DataFolder::Open({.path = command.target.data, .purpose = "query", .create = false});
    if (!folder.has_value()) {
      return ReportOpenFailure(folder.error());
    }
    result = AskFolder(command, **folder);
    (*folder)->log().Shutdown();
  }
  if (!result.has_value()) {
    return Report(result.error());
  }
  const std::string text = query::FormatResult(*result, command.format);
  (void)std::fwrite(text.data(), 1, text.size(), stdout);
  if (!text.ends_with('\n')) {
    (void)std::fputc('\n', stdout);
  }
  return kExitOk;
}

}  // namespace weir::server
