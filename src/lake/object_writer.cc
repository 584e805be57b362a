#include "lake/object_writer.h"

#include <zlib.h>

#include <algorithm>
#include <utility>

#include "duckdb/database.h"
#include "duckdb/memory_file.h"

namespace weir::lake {
namespace {

constexpr int kGzipWindowBits = 15 + 16;  // gzip header
constexpr int kGzipMemoryLevel = 8;
constexpr char kTable[] = "rows";

}  // namespace

struct ParquetEncoder::State {
  duckdb::Database database;
  duckdb::Connection connection;
};

ParquetEncoder::ParquetEncoder(std::unique_ptr<State> state) : state_(std::move(state)) {}

ParquetEncoder::ParquetEncoder(ParquetEncoder&&) noexcept = default;
ParquetEncoder& ParquetEncoder::operator=(ParquetEncoder&&) noexcept = default;
ParquetEncoder::~ParquetEncoder() = default;

base::Result<ParquetEncoder> ParquetEncoder::Create() {
  // One thread and kept order make the bytes a function of the rows.
  ASSIGN_OR_RETURN(
      duckdb::Database database,
      duckdb::Database::Open({{"threads", "1"}, {"preserve_insertion_order", "true"}}));
  ASSIGN_OR_RETURN(duckdb::Connection connection, database.Connect());
  return ParquetEncoder(std::make_unique<State>(std::move(database), std::move(connection)));
}

base::Result<std::string> ParquetEncoder::Encode(const model::Schema& schema,
                                                 std::span<const model::ColumnBatch> batches) {
  duckdb::Connection& connection = state_->connection;
  RETURN_IF_ERROR(connection.Execute("DROP TABLE IF EXISTS rows"));
  RETURN_IF_ERROR(connection.CreateTable(kTable, schema));
  for (const model::ColumnBatch& batch : batches) {
    RETURN_IF_ERROR(connection.Append(kTable, schema, batch));
  }
  ASSIGN_OR_RETURN(const duckdb::MemoryFile file, duckdb::MemoryFile::Create());
  RETURN_IF_ERROR(connection.Execute(fmt::format(
      "COPY {} TO {} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {}, USE_TMP_FILE false)",
      kTable, duckdb::QuoteText(file.path()), kRowGroupRows)));
  RETURN_IF_ERROR(connection.Execute("DROP TABLE rows"));
  return file.Contents();
}

void AppendJsonLine(std::string_view json, std::string& lines) {
  while (!json.empty() && (json.back() == '\n' || json.back() == '\r')) {
    json.remove_suffix(1);
  }
  const size_t start = lines.size();
  lines += json;
  std::replace_if(
      lines.begin() + static_cast<std::ptrdiff_t>(start), lines.end(),
      [](char c) { return c == '\n' || c == '\r'; }, ' ');
  lines.push_back('\n');
}

base::Result<std::string> Gzip(std::string_view data) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzipWindowBits, kGzipMemoryLevel,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    return base::Fail(base::Code::kInternal, "zlib does not start");
  }
  std::string packed(deflateBound(&stream, data.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
  stream.avail_in = static_cast<uInt>(data.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  const int done = deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  if (done != Z_STREAM_END) {
    return base::Fail(base::Code::kInternal, "zlib does not finish ({})", done);
  }
  return packed;
}

base::Result<std::string> Gunzip(std::string_view data, size_t max_bytes) {
  z_stream stream{};
  if (inflateInit2(&stream, kGzipWindowBits) != Z_OK) {
    return base::Fail(base::Code::kInternal, "zlib does not start");
  }
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
  stream.avail_in = static_cast<uInt>(data.size());
  std::string plain;
  char buffer[16'384];
  int state = Z_OK;
  while (state == Z_OK && plain.size() <= max_bytes) {
    stream.next_out = reinterpret_cast<Bytef*>(buffer);
    stream.avail_out = sizeof buffer;
    state = inflate(&stream, Z_NO_FLUSH);
    plain.append(buffer, sizeof buffer - stream.avail_out);
  }
  inflateEnd(&stream);
  if (plain.size() > max_bytes) {
    return base::Fail(base::Code::kLimitExceeded, "gzip data is larger than {} bytes when unpacked",
                      max_bytes);
  }
  if (state != Z_STREAM_END) {
    return base::Fail(base::Code::kDataLoss, "damaged or cut gzip data ({})", state);
  }
  return plain;
}

}  // namespace weir::lake
