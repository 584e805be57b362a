#include "query/result_encoder.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "base/bytes.h"
#include "base/time_format.h"
#include "json/row_encoder.h"

namespace weir::query {
namespace {

using base::Code;
using base::Fail;

constexpr int64_t kMicrosPerDay = 86'400'000'000;

/// "2026-11-22" from days since 1970.
std::string DateText(int64_t days) {
  return base::FormatTimestamp(days * (kMicrosPerDay / 1000)).substr(0, 10);
}

/// "2026-11-22 07:35:31.123", with six digits when the microseconds are not whole milliseconds.
std::string TimestampText(int64_t micros) {
  int64_t millis = micros / 1000;
  int64_t rest = micros % 1000;
  if (rest < 0) {
    rest += 1000;
    --millis;
  }
  std::string text = base::FormatTimestamp(millis);
  if (rest != 0) {
    text += fmt::format("{:03}", rest);
  }
  return text;
}

std::string DecimalText(__int128 unscaled, int scale) {
  const bool negative = unscaled < 0;
  unsigned __int128 left = negative ? -static_cast<unsigned __int128>(unscaled)
                                    : static_cast<unsigned __int128>(unscaled);
  std::string digits;
  do {
    digits.push_back(static_cast<char>('0' + static_cast<int>(left % 10)));
    left /= 10;
    if (static_cast<int>(digits.size()) == scale) {
      digits.push_back('.');
      if (left == 0) {
        digits.push_back('0');
      }
    }
  } while (left != 0 || static_cast<int>(digits.size()) < scale);
  if (negative) {
    digits.push_back('-');
  }
  std::ranges::reverse(digits);
  return digits;
}

void AppendTime(duckdb::ValueKind kind, int64_t value, std::string& out) {
  out.push_back('"');
  if (value == duckdb::Chunk::kInfinity || value == -duckdb::Chunk::kInfinity) {
    out += value < 0 ? "-infinity" : "infinity";
  } else if (kind == duckdb::ValueKind::kDate) {
    out += DateText(value);
  } else if (kind == duckdb::ValueKind::kTime) {
    out += TimestampText(value).substr(11);
  } else {
    out += TimestampText(value);
  }
  out.push_back('"');
}

void AppendValue(const duckdb::Chunk& chunk, const duckdb::ColumnInfo& info, size_t column,
                 size_t row, std::string& out) {
  using duckdb::ValueKind;
  if (chunk.IsNull(column, row)) {
    out += "null";
    return;
  }
  switch (info.kind) {
    case ValueKind::kNull:
    case ValueKind::kOther:
      out += "null";
      return;
    case ValueKind::kBoolean:
      out += chunk.Integer(column, row) != 0 ? "true" : "false";
      return;
    case ValueKind::kInteger:
      out += DecimalText(chunk.Integer(column, row), 0);
      return;
    case ValueKind::kDecimal:
      out += DecimalText(chunk.Integer(column, row), info.scale);
      return;
    case ValueKind::kDouble: {
      const double value = chunk.Double(column, row);
      out += std::isfinite(value) ? fmt::format("{}", value) : "null";
      return;
    }
    case ValueKind::kText:
      json::AppendQuoted(chunk.Text(column, row), out);
      return;
    case ValueKind::kBlob:
      out += '"' + base::ToHex(chunk.Text(column, row)) + '"';
      return;
    case ValueKind::kDate:
    case ValueKind::kTime:
    case ValueKind::kTimestamp:
      AppendTime(info.kind, chunk.Time(column, row), out);
      return;
  }
}

/// No query can name it: the gate lets only published names through.
constexpr std::string_view kResultView = "main.\"%result\"";

/// The columns of kResultView, those that have no accessor as text. A derived column list keeps
/// equal names apart.
std::string WithTextColumns(const std::vector<duckdb::ColumnInfo>& columns) {
  std::string select;
  std::string names;
  for (size_t i = 0; i < columns.size(); ++i) {
    const std::string name = fmt::format("c{}", i);
    const bool other = columns[i].kind == duckdb::ValueKind::kOther;
    select += (i == 0 ? "" : ", ") + (other ? "CAST(" + name + " AS VARCHAR)" : name);
    names += (i == 0 ? "" : ", ") + name;
  }
  return fmt::format("SELECT {} FROM {} AS r({})", select, kResultView, names);
}

base::Result<void> EncodeRows(duckdb::QueryResult& result, const QueryLimits& limits,
                              Outcome& outcome) {
  outcome.rows_json = "[";
  while (true) {
    ASSIGN_OR_RETURN(const auto chunk, result.Next());
    if (!chunk.has_value()) {
      break;
    }
    for (size_t row = 0; row < chunk->rows(); ++row) {
      if (outcome.row_count == limits.max_rows) {
        return Fail(Code::kLimitExceeded,
                    "the result has more than {} rows; add a LIMIT or aggregate", limits.max_rows);
      }
      outcome.rows_json += outcome.row_count == 0 ? "[" : ",[";
      for (size_t column = 0; column < chunk->columns(); ++column) {
        if (column > 0) {
          outcome.rows_json.push_back(',');
        }
        AppendValue(*chunk, result.columns()[column], column, row, outcome.rows_json);
      }
      outcome.rows_json.push_back(']');
      ++outcome.row_count;
      if (outcome.rows_json.size() > limits.max_result_bytes) {
        return Fail(Code::kLimitExceeded,
                    "the result has more than {} bytes; select fewer columns or rows",
                    limits.max_result_bytes);
      }
    }
  }
  outcome.rows_json.push_back(']');
  return {};
}

std::string WordOf(GatedStatement::Kind kind) {
  switch (kind) {
    case GatedStatement::Kind::kExplain:
      return "EXPLAIN ";
    case GatedStatement::Kind::kDescribe:
      return "DESCRIBE ";
    case GatedStatement::Kind::kSelect:
    case GatedStatement::Kind::kShowTables:
      return "";
  }
  return "";
}

base::Result<Outcome> Run(duckdb::Connection& connection, const GatedStatement& statement,
                          const QueryLimits& limits) {
  Outcome outcome;
  bool has_other = false;
  std::string sql;
  {
    ASSIGN_OR_RETURN(auto result, connection.Stream(WordOf(statement.kind) + statement.sql));
    for (const duckdb::ColumnInfo& column : result.columns()) {
      outcome.columns.push_back({.name = column.name, .type = column.type});
      has_other |= column.kind == duckdb::ValueKind::kOther;
    }
    if (!has_other) {
      RETURN_IF_ERROR(EncodeRows(result, limits, outcome));
      return outcome;
    }
    sql = WithTextColumns(result.columns());
  }
  // By a view and not in brackets: a semicolon and comments may end the statement.
  RETURN_IF_ERROR(connection.Execute(
      fmt::format("CREATE OR REPLACE VIEW {} AS {}", kResultView, statement.sql)));
  ASSIGN_OR_RETURN(auto result, connection.Stream(sql));
  RETURN_IF_ERROR(EncodeRows(result, limits, outcome));
  return outcome;
}

}  // namespace

Outcome RunAndEncode(duckdb::Connection& connection, const GatedStatement& statement,
                     const QueryLimits& limits) {
  auto ran = Run(connection, statement, limits);
  if (ran.has_value()) {
    return std::move(*ran);
  }
  Outcome failed;
  failed.error = std::move(ran).error();
  return failed;
}

}  // namespace weir::query
