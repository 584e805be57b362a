#include "ingest/aws/writer.h"

#include <bit>
#include <cmath>
#include <utility>

#include "base/bytes.h"
#include "base/format.h"
#include "ingest/aws/cbor.h"
#include "json/row_encoder.h"

namespace weir::ingest::aws {
namespace {

class JsonWriter : public Writer {
 public:
  void BeginMap() override { Begin('{'); }

  void EndMap() override { End('}'); }

  void BeginList() override { Begin('['); }

  void EndList() override { End(']'); }

  void Key(std::string_view name) override {
    Separate();
    json::AppendQuoted(name, out_);
    out_.push_back(':');
    first_ = true;
  }

  void Text(std::string_view value) override {
    Separate();
    json::AppendQuoted(value, out_);
  }

  void Integer(int64_t value) override {
    Separate();
    fmt::format_to(std::back_inserter(out_), "{}", value);
  }

  void Number(double value) override {
    Separate();
    if (std::isfinite(value)) {
      fmt::format_to(std::back_inserter(out_), "{}", value);
    } else {
      out_.append("null");
    }
  }

  void Boolean(bool value) override {
    Separate();
    out_.append(value ? "true" : "false");
  }

  void Time(model::Rowtime value) override {
    Separate();
    fmt::format_to(std::back_inserter(out_), "{:.3f}", static_cast<double>(value.millis) / 1000);
  }

  void Blob(std::string_view bytes) override {
    Separate();
    out_.append("\"").append(base::ToBase64(bytes)).append("\"");
  }

  std::string Take() override {
    first_ = true;
    return std::exchange(out_, {});
  }

 private:
  void Begin(char c) {
    Separate();
    out_.push_back(c);
    first_ = true;
  }

  void End(char c) {
    out_.push_back(c);
    first_ = false;
  }

  // A comma unless this is the first of its kind, or the value of a key.
  void Separate() {
    if (!std::exchange(first_, false)) {
      out_.push_back(',');
    }
  }

  std::string out_;
  bool first_ = true;
};

// Maps and lists are of indefinite length, as the clients' own encoder writes them.
class CborWriter : public Writer {
 public:
  void BeginMap() override { Byte(cbor::kIndefiniteMap); }

  void EndMap() override { Byte(cbor::kBreak); }

  void BeginList() override { Byte(cbor::kIndefiniteList); }

  void EndList() override { Byte(cbor::kBreak); }

  void Key(std::string_view name) override { Text(name); }

  void Text(std::string_view value) override {
    cbor::AppendHead(cbor::Major::kText, value.size(), out_);
    out_.append(value);
  }

  void Integer(int64_t value) override {
    if (value < 0) {
      cbor::AppendHead(cbor::Major::kNegative, ~static_cast<uint64_t>(value), out_);
    } else {
      cbor::AppendHead(cbor::Major::kUnsigned, static_cast<uint64_t>(value), out_);
    }
  }

  void Number(double value) override {
    Byte(cbor::kDouble);
    const auto bits = std::bit_cast<uint64_t>(value);
    for (int shift = 56; shift >= 0; shift -= 8) {
      Byte(static_cast<uint8_t>(bits >> shift));
    }
  }

  void Boolean(bool value) override { Byte(value ? cbor::kTrue : cbor::kFalse); }

  void Time(model::Rowtime value) override {
    cbor::AppendHead(cbor::Major::kTag, cbor::kTimeTag, out_);
    Integer(value.millis);
  }

  void Blob(std::string_view bytes) override {
    cbor::AppendHead(cbor::Major::kBytes, bytes.size(), out_);
    out_.append(bytes);
  }

  std::string Take() override { return std::exchange(out_, {}); }

 private:
  void Byte(uint8_t byte) { out_.push_back(static_cast<char>(byte)); }

  std::string out_;
};

}  // namespace

std::unique_ptr<Writer> Writer::Create(Encoding encoding) {
  if (encoding == Encoding::kCbor) {
    return std::make_unique<CborWriter>();
  }
  return std::make_unique<JsonWriter>();
}

}  // namespace weir::ingest::aws
