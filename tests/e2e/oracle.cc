// Runs SQL in a plain DuckDB and prints the last statement's result as CSV with a header: the
// independent reference of the end-to-end tests.  oracle SQL…   Every argument is one statement.

#include <duckdb.h>

#include <cstdio>
#include <string>
#include <string_view>

namespace {

std::string Quoted(std::string_view text) {
  if (text.find_first_of(",\"\n\r") == std::string_view::npos) {
    return std::string(text);
  }
  std::string out = "\"";
  for (const char c : text) {
    out += c;
    if (c == '"') {
      out += c;
    }
  }
  return out + '"';
}

void Print(duckdb_result& result) {
  const idx_t columns = duckdb_column_count(&result);
  std::string line;
  for (idx_t column = 0; column < columns; ++column) {
    line += (column == 0 ? "" : ",") + Quoted(duckdb_column_name(&result, column));
  }
  std::puts(line.c_str());
  for (idx_t row = 0; row < duckdb_row_count(&result); ++row) {
    line.clear();
    for (idx_t column = 0; column < columns; ++column) {
      line += column == 0 ? "" : ",";
      if (char* const text = duckdb_value_varchar(&result, column, row); text != nullptr) {
        line += Quoted(text);
        duckdb_free(text);
      }
    }
    std::puts(line.c_str());
  }
}

}  // namespace

int main(int argc, char** argv) {
  duckdb_database database = nullptr;
  duckdb_connection connection = nullptr;
  if (duckdb_open(nullptr, &database) == DuckDBError ||
      duckdb_connect(database, &connection) == DuckDBError) {
    std::fputs("oracle: cannot open DuckDB\n", stderr);
    return 70;
  }
  int status = 0;
  for (int i = 1; i < argc && status == 0; ++i) {
    duckdb_result result;
    if (duckdb_query(connection, argv[i], &result) == DuckDBError) {
      std::fprintf(stderr, "oracle: %s\n", duckdb_result_error(&result));
      status = 1;
    } else if (i == argc - 1) {
      Print(result);
    }
    duckdb_destroy_result(&result);
  }
  duckdb_disconnect(&connection);
  duckdb_close(&database);
  return status;
}
