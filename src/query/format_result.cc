#include <algorithm>
#include <cctype>
#include <string>
#include <vector>

#include "json/document.h"
#include "json/row_encoder.h"
#include "query/query.h"

namespace weir::query {
namespace {

/// A cell as text, and whether it is aligned to the right.
struct Cell {
  std::string text;
  bool null = false;
  bool number = false;
};

using Rows = std::vector<std::vector<Cell>>;

Rows ReadRows(const QueryResult& result) {
  Rows rows;
  const auto document = json::Parse(
      result.rows_json, {.max_bytes = result.rows_json.size() + 1, .max_depth = 8, .max_keys = 1});
  if (!document.has_value()) {
    return rows;
  }
  for (const json::Value& row : document->Items()) {
    std::vector<Cell>& cells = rows.emplace_back();
    for (const json::Value& value : row.Items()) {
      Cell& cell = cells.emplace_back();
      cell.null = value.IsNull();
      cell.number = value.IsNumber();
      if (value.IsString()) {
        cell.text = *value.AsString();
      } else if (value.IsNumber()) {
        cell.text = *value.NumberText();
      } else if (!cell.null) {
        cell.text = value.Serialize();
      }
    }
  }
  return rows;
}

/// Characters of UTF-8 text, as a terminal shows most of them.
size_t Width(std::string_view text) {
  return static_cast<size_t>(
      std::ranges::count_if(text, [](unsigned char c) { return (c & 0xC0) != 0x80; }));
}

/// Control characters would move the cursor of a terminal.
std::string Printable(std::string_view text) {
  std::string printable;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F) {
      printable += fmt::format("\\x{:02x}", byte);
    } else {
      printable.push_back(c);
    }
  }
  return printable;
}

std::string Padded(const std::string& text, size_t width, bool right) {
  const size_t used = Width(text);
  const std::string space(width > used ? width - used : 0, ' ');
  return right ? space + text : text + space;
}

std::string FormatTable(const QueryResult& result) {
  Rows rows = ReadRows(result);
  std::vector<std::string> names;
  std::vector<size_t> widths;
  for (const ResultColumn& column : result.columns) {
    names.push_back(Printable(column.name));
    widths.push_back(Width(names.back()));
  }
  for (std::vector<Cell>& row : rows) {
    for (size_t i = 0; i < row.size() && i < widths.size(); ++i) {
      row[i].text = Printable(row[i].text);
      widths[i] = std::max(widths[i], Width(row[i].text));
    }
  }
  std::string text;
  std::string rule;
  for (size_t i = 0; i < names.size(); ++i) {
    text += (i == 0 ? " " : " | ") + Padded(names[i], widths[i], false);
    rule += (i == 0 ? "-" : "-+-") + std::string(widths[i], '-');
  }
  text += "\n" + rule + "-\n";
  for (const std::vector<Cell>& row : rows) {
    for (size_t i = 0; i < row.size() && i < widths.size(); ++i) {
      text += (i == 0 ? " " : " | ") + Padded(row[i].text, widths[i], row[i].number);
    }
    text += "\n";
  }
  text += fmt::format("({} row{})\n", result.row_count, result.row_count == 1 ? "" : "s");
  return text;
}

/// RFC 4180. Text that a spreadsheet would take for a formula gets a leading apostrophe; numbers
/// stay numbers.
std::string CsvField(const Cell& cell) {
  std::string text = cell.text;
  if (!cell.number && !text.empty() &&
      std::string_view("=+-@\t\r\0", 7).find(text.front()) != std::string_view::npos) {
    text.insert(text.begin(), '\'');
  }
  if (text.find_first_of(",\"\r\n") == std::string::npos && !(text.empty() && !cell.null)) {
    return text;
  }
  std::string quoted = "\"";
  for (const char c : text) {
    quoted.push_back(c);
    if (c == '"') {
      quoted.push_back('"');
    }
  }
  return quoted + '"';
}

std::string FormatCsv(const QueryResult& result) {
  std::string text;
  for (size_t i = 0; i < result.columns.size(); ++i) {
    text += (i == 0 ? "" : ",") + CsvField({.text = result.columns[i].name});
  }
  text += "\r\n";
  for (const std::vector<Cell>& row : ReadRows(result)) {
    for (size_t i = 0; i < row.size(); ++i) {
      text += (i == 0 ? "" : ",") + CsvField(row[i]);
    }
    text += "\r\n";
  }
  return text;
}

std::string FormatJson(const QueryResult& result) {
  std::string text = "{\"columns\":[";
  for (size_t i = 0; i < result.columns.size(); ++i) {
    text += i == 0 ? "{\"name\":" : ",{\"name\":";
    json::AppendQuoted(result.columns[i].name, text);
    text += ",\"type\":";
    json::AppendQuoted(result.columns[i].type, text);
    text += "}";
  }
  return text + "],\"rows\":" + result.rows_json + "}\n";
}

}  // namespace

std::string FormatResult(const QueryResult& result, OutputFormat format) {
  switch (format) {
    case OutputFormat::kTable:
      return FormatTable(result);
    case OutputFormat::kCsv:
      return FormatCsv(result);
    case OutputFormat::kJson:
      return FormatJson(result);
  }
  return {};
}

}  // namespace weir::query
