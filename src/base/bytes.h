#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace weir::base {

/// Appends little-endian integers and length-prefixed strings to a string. The counterpart is
/// ByteReader.
class ByteWriter {
 public:
  explicit ByteWriter(std::string& out) : out_(out) {}

  void U8(uint8_t value) { out_.push_back(static_cast<char>(value)); }

  void U32(uint32_t value) { Raw(&value, sizeof value); }

  void U64(uint64_t value) { Raw(&value, sizeof value); }

  void I64(int64_t value) { Raw(&value, sizeof value); }

  /// LEB128.
  void Varint(uint64_t value) {
    while (value >= 0x80) {
      U8(static_cast<uint8_t>(value | 0x80));
      value >>= 7;
    }
    U8(static_cast<uint8_t>(value));
  }

  /// Varint length, then the bytes.
  void String(std::string_view value) {
    Varint(value.size());
    out_.append(value);
  }

  void Bytes(std::string_view value) { out_.append(value); }

 private:
  void Raw(const void* data, size_t size) { out_.append(static_cast<const char*>(data), size); }

  std::string& out_;
};

/// Reads what ByteWriter wrote, from bytes that may be damaged: after the first read past the end,
/// ok() is false and every value is zero or empty.
class ByteReader {
 public:
  explicit ByteReader(std::string_view data) : data_(data) {}

  bool ok() const { return ok_; }

  size_t remaining() const { return data_.size(); }

  uint8_t U8() { return Fixed<uint8_t>(); }

  uint32_t U32() { return Fixed<uint32_t>(); }

  uint64_t U64() { return Fixed<uint64_t>(); }

  int64_t I64() { return Fixed<int64_t>(); }

  uint64_t Varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const uint8_t byte = U8();
      value |= static_cast<uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) {
        return value;
      }
    }
    ok_ = false;
    return 0;
  }

  std::string_view String() { return Bytes(Varint()); }

  std::string_view Bytes(uint64_t size) {
    if (!ok_ || size > data_.size()) {
      ok_ = false;
      return {};
    }
    const std::string_view value = data_.substr(0, size);
    data_.remove_prefix(size);
    return value;
  }

 private:
  template <typename T>
  T Fixed() {
    T value{};
    if (!ok_ || data_.size() < sizeof(T)) {
      ok_ = false;
      return value;
    }
    std::memcpy(&value, data_.data(), sizeof(T));
    data_.remove_prefix(sizeof(T));
    return value;
  }

  std::string_view data_;
  bool ok_ = true;
};

/// Lower-case hex of `data`.
std::string ToHex(std::string_view data);
/// The bytes of `hex`; nothing when it is not hex of even length.
std::optional<std::string> FromHex(std::string_view hex);
/// RFC 4648 base64 with padding.
std::string ToBase64(std::string_view data);
/// The bytes of `base64` (strict: padding required, no white space); nothing when it is not base64.
std::optional<std::string> FromBase64(std::string_view base64);

}  // namespace weir::base
