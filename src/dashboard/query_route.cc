#include "dashboard/query_route.h"

#include <string>
#include <utility>

#include "base/time_format.h"
#include "json/document.h"
#include "json/row_encoder.h"

namespace weir::dashboard {
namespace {

using base::Code;
using base::Fail;

struct QueryRequest {
  std::string sql;
  query::OutputFormat format = query::OutputFormat::kJson;
  query::QueryOptions options;
};

base::Result<QueryRequest> ReadRequest(const net::Request& request) {
  // A page of another site could make a browser on this machine run queries.
  const std::string_view site = request.Header("sec-fetch-site");
  if (!site.empty() && site != "same-origin" && site != "none") {
    return Fail(Code::kPermission, "queries are not answered to pages of other sites");
  }
  ASSIGN_OR_RETURN(const json::Value body, json::Parse(request.body, {.max_bytes = kMaxQueryBody}));
  QueryRequest asked;
  for (const json::Member& member : body.Members()) {
    if (member.name != "sql" && member.name != "format" && member.name != "fresh") {
      return Fail(Code::kInvalidArgument, "unknown member '{}'; there are sql, format and fresh",
                  member.name);
    }
  }
  ASSIGN_OR_RETURN(asked.sql, body.StringAt("sql"));
  if (body.Find("fresh") != nullptr) {
    ASSIGN_OR_RETURN(asked.options.fresh, body.BoolAt("fresh"));
  }
  if (body.Find("format") != nullptr) {
    ASSIGN_OR_RETURN(const std::string format, body.StringAt("format"));
    if (format == "csv") {
      asked.format = query::OutputFormat::kCsv;
    } else if (format == "table") {
      asked.format = query::OutputFormat::kTable;
    } else if (format != "json") {
      return Fail(Code::kInvalidArgument, "unknown format '{}'; there are json, csv and table",
                  format);
    }
  }
  return asked;
}

std::string ResultJson(const query::QueryResult& result) {
  std::string text = R"({"columns":[)";
  for (size_t i = 0; i < result.columns.size(); ++i) {
    text += i == 0 ? R"({"name":)" : R"(,{"name":)";
    json::AppendQuoted(result.columns[i].name, text);
    text += R"(,"type":)";
    json::AppendQuoted(result.columns[i].type, text);
    text += "}";
  }
  text += R"(],"rows":)" + result.rows_json;
  text += fmt::format(
      R"(,"row_count":{},"as_of":{},"elapsed_millis":{}}})", result.row_count,
      result.as_of.millis > 0 ? '"' + base::FormatRfc3339(result.as_of.millis) + '"' : "null",
      result.elapsed_millis);
  return text;
}

}  // namespace

net::Response AnswerQuery(query::QueryService& queries, const auth::Identity& identity,
                          const net::Request& request) {
  auto asked = ReadRequest(request);
  if (!asked.has_value()) {
    return net::ErrorResponse(asked.error());
  }
  if (!identity.streams.empty()) {
    asked->options.may_read = [&identity](std::string_view stream) {
      return identity.Holds(stream);
    };
  }
  const auto result = queries.Run(asked->sql, asked->options);
  if (!result.has_value()) {
    return net::ErrorResponse(result.error());
  }
  net::Response response;
  response.headers = {{"Cache-Control", "no-store"}, {"X-Content-Type-Options", "nosniff"}};
  switch (asked->format) {
    case query::OutputFormat::kJson:
      response.body = ResultJson(*result);
      break;
    case query::OutputFormat::kCsv:
      response.content_type = "text/csv; charset=utf-8";
      response.headers.emplace_back("Content-Disposition", "attachment; filename=\"result.csv\"");
      response.body = FormatResult(*result, asked->format);
      break;
    case query::OutputFormat::kTable:
      response.content_type = "text/plain; charset=utf-8";
      response.body = FormatResult(*result, asked->format);
      break;
  }
  return response;
}

}  // namespace weir::dashboard
