#include "query/protocol.h"

#include <utility>

#include "base/bytes.h"

namespace weir::query {
namespace {

using base::ByteReader;
using base::ByteWriter;
using base::Code;
using base::Fail;

void Write(ByteWriter& out, const std::optional<base::Error>& error) {
  out.U8(error.has_value() ? 1 : 0);
  if (error.has_value()) {
    out.U8(static_cast<uint8_t>(error->code));
    out.String(error->message);
  }
}

std::optional<base::Error> ReadError(ByteReader& in) {
  if (in.U8() == 0) {
    return std::nullopt;
  }
  const uint8_t code = in.U8();
  const bool known = code <= static_cast<uint8_t>(Code::kInternal);
  return base::Error{known ? static_cast<Code>(code) : Code::kInternal, std::string(in.String())};
}

/// A count of things that take at least one byte each, so that damage cannot ask for much memory.
size_t ReadCount(ByteReader& in) {
  const uint64_t count = in.Varint();
  return count <= in.remaining() ? static_cast<size_t>(count) : 0;
}

void Write(ByteWriter& out, const TableShape& table) {
  out.String(table.database);
  out.String(table.name);
  out.String(table.format);
  out.Varint(table.columns.size());
  for (const model::Field& field : table.columns) {
    out.String(field.name);
    out.U8(static_cast<uint8_t>(field.type.kind));
    out.U32(static_cast<uint32_t>(field.type.precision));
    out.U32(static_cast<uint32_t>(field.type.scale));
  }
  out.Varint(table.partition_keys.size());
  for (const std::string& key : table.partition_keys) {
    out.String(key);
  }
}

TableShape ReadShape(ByteReader& in) {
  TableShape table;
  table.database = in.String();
  table.name = in.String();
  table.format = in.String();
  for (size_t left = ReadCount(in); left > 0; --left) {
    model::Field field;
    field.name = in.String();
    field.type.kind = static_cast<model::TypeKind>(in.U8());
    field.type.precision = static_cast<int>(in.U32());
    field.type.scale = static_cast<int>(in.U32());
    table.columns.push_back(std::move(field));
  }
  for (size_t left = ReadCount(in); left > 0; --left) {
    table.partition_keys.emplace_back(in.String());
  }
  return table;
}

TableData ReadTableData(ByteReader& in) {
  TableData table;
  table.table = in.U32();
  for (size_t left = ReadCount(in); left > 0; --left) {
    ObjectInput object;
    object.path = in.String();
    object.bytes = in.U64();
    for (size_t values = ReadCount(in); values > 0; --values) {
      object.partition.emplace_back(in.String());
    }
    table.objects.push_back(std::move(object));
  }
  for (size_t left = ReadCount(in); left > 0; --left) {
    RowInput row;
    row.arrival.millis = in.I64();
    row.json = in.String();
    table.rows.push_back(row);
  }
  return table;
}

base::Result<void> CheckWhole(const ByteReader& in) {
  if (!in.ok() || in.remaining() != 0) {
    return Fail(Code::kInternal, "a query's worker and its service do not understand each other");
  }
  return {};
}

}  // namespace

std::string Encode(const Hello& hello) {
  std::string text;
  ByteWriter out(text);
  out.String(hello.readable_root);
  out.U64(hello.memory_bytes);
  return text;
}

base::Result<Hello> DecodeHello(std::string_view frame) {
  ByteReader in(frame);
  Hello hello;
  hello.readable_root = in.String();
  hello.memory_bytes = in.U64();
  RETURN_IF_ERROR(CheckWhole(in));
  return hello;
}

std::string Encode(const Ready& ready) {
  std::string text;
  ByteWriter out(text);
  Write(out, ready.error);
  out.U8(ready.landlock ? 1 : 0);
  out.U8(ready.seccomp ? 1 : 0);
  return text;
}

base::Result<Ready> DecodeReady(std::string_view frame) {
  ByteReader in(frame);
  Ready ready;
  ready.error = ReadError(in);
  ready.landlock = in.U8() != 0;
  ready.seccomp = in.U8() != 0;
  RETURN_IF_ERROR(CheckWhole(in));
  return ready;
}

std::string Encode(const Prepare& prepare) {
  std::string text;
  ByteWriter out(text);
  out.String(prepare.sql);
  out.I64(prepare.limits.timeout_millis);
  out.U64(prepare.limits.memory_bytes);
  out.U64(prepare.limits.max_rows);
  out.U64(prepare.limits.max_result_bytes);
  out.Varint(prepare.tables.size());
  for (const TableShape& table : prepare.tables) {
    Write(out, table);
  }
  out.Varint(prepare.queries.size());
  for (const NamedQuery& query : prepare.queries) {
    out.String(query.database);
    out.String(query.name);
    out.String(query.text);
  }
  out.Varint(prepare.hidden.size());
  for (const uint32_t table : prepare.hidden) {
    out.U32(table);
  }
  return text;
}

base::Result<Prepare> DecodePrepare(std::string_view frame) {
  ByteReader in(frame);
  Prepare prepare;
  prepare.sql = in.String();
  prepare.limits.timeout_millis = in.I64();
  prepare.limits.memory_bytes = in.U64();
  prepare.limits.max_rows = in.U64();
  prepare.limits.max_result_bytes = in.U64();
  for (size_t left = ReadCount(in); left > 0; --left) {
    prepare.tables.push_back(ReadShape(in));
  }
  for (size_t left = ReadCount(in); left > 0; --left) {
    NamedQuery query;
    query.database = in.String();
    query.name = in.String();
    query.text = in.String();
    prepare.queries.push_back(std::move(query));
  }
  for (size_t left = ReadCount(in); left > 0; --left) {
    prepare.hidden.push_back(in.U32());
  }
  RETURN_IF_ERROR(CheckWhole(in));
  return prepare;
}

std::string Encode(const Needs& needs) {
  std::string text;
  ByteWriter out(text);
  Write(out, needs.error);
  out.Varint(needs.tables.size());
  for (const uint32_t table : needs.tables) {
    out.U32(table);
  }
  out.Varint(needs.failures.size());
  for (const ViewFailure& failure : needs.failures) {
    out.String(failure.name);
    out.String(failure.reason);
  }
  return text;
}

base::Result<Needs> DecodeNeeds(std::string_view frame) {
  ByteReader in(frame);
  Needs needs;
  needs.error = ReadError(in);
  for (size_t left = ReadCount(in); left > 0; --left) {
    needs.tables.push_back(in.U32());
  }
  for (size_t left = ReadCount(in); left > 0; --left) {
    ViewFailure failure;
    failure.name = in.String();
    failure.reason = in.String();
    needs.failures.push_back(std::move(failure));
  }
  RETURN_IF_ERROR(CheckWhole(in));
  return needs;
}

std::string Encode(const Data& data) {
  std::string text;
  ByteWriter out(text);
  out.U8(data.abandoned ? 1 : 0);
  out.Varint(data.tables.size());
  for (const TableData& table : data.tables) {
    out.U32(table.table);
    out.Varint(table.objects.size());
    for (const ObjectInput& object : table.objects) {
      out.String(object.path);
      out.U64(object.bytes);
      out.Varint(object.partition.size());
      for (const std::string& value : object.partition) {
        out.String(value);
      }
    }
    out.Varint(table.rows.size());
    for (const RowInput& row : table.rows) {
      out.I64(row.arrival.millis);
      out.String(row.json);
    }
  }
  return text;
}

base::Result<Data> DecodeData(std::string_view frame) {
  ByteReader in(frame);
  Data data;
  data.abandoned = in.U8() != 0;
  for (size_t left = ReadCount(in); left > 0; --left) {
    data.tables.push_back(ReadTableData(in));
  }
  RETURN_IF_ERROR(CheckWhole(in));
  return data;
}

std::string Encode(const Outcome& outcome) {
  std::string text;
  ByteWriter out(text);
  Write(out, outcome.error);
  out.Varint(outcome.columns.size());
  for (const ResultColumn& column : outcome.columns) {
    out.String(column.name);
    out.String(column.type);
  }
  out.U64(outcome.row_count);
  out.String(outcome.rows_json);
  return text;
}

base::Result<Outcome> DecodeOutcome(std::string_view frame) {
  ByteReader in(frame);
  Outcome outcome;
  outcome.error = ReadError(in);
  for (size_t left = ReadCount(in); left > 0; --left) {
    ResultColumn column;
    column.name = in.String();
    column.type = in.String();
    outcome.columns.push_back(std::move(column));
  }
  outcome.row_count = in.U64();
  outcome.rows_json = in.String();
  RETURN_IF_ERROR(CheckWhole(in));
  return outcome;
}

}  // namespace weir::query
