#include "ingest/kinesis/event_stream.h"

#include <array>

#include "base/format.h"
#include "ingest/aws/call.h"

namespace weir::ingest::kinesis {
namespace {

constexpr uint32_t kPolynomial = 0xEDB88320;  // Reflected.
constexpr uint8_t kStringHeader = 7;
constexpr size_t kFixedBytes = 16;  // Two lengths and two checksums.

constexpr std::array<uint32_t, 256> kTable = [] {
  std::array<uint32_t, 256> table{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t value = byte;
    for (int bit = 0; bit < 8; ++bit) {
      value = (value & 1) != 0 ? (value >> 1) ^ kPolynomial : value >> 1;
    }
    table[byte] = value;
  }
  return table;
}();

void AppendBigEndian(uint32_t value, std::string& out) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>(value >> shift));
  }
}

// Names and values are ours and short.
void AppendHeader(std::string_view name, std::string_view value, std::string& out) {
  out.push_back(static_cast<char>(name.size()));
  out.append(name);
  out.push_back(static_cast<char>(kStringHeader));
  out.push_back(static_cast<char>(value.size() >> 8));
  out.push_back(static_cast<char>(value.size()));
  out.append(value);
}

}  // namespace

uint32_t Crc32(std::string_view data) {
  uint32_t crc = UINT32_MAX;
  for (const char c : data) {
    crc = (crc >> 8) ^ kTable[(crc ^ static_cast<unsigned char>(c)) & 0xFF];
  }
  return ~crc;
}

std::string EncodeMessage(std::string_view kind, std::string_view name, aws::Encoding encoding,
                          std::string_view payload) {
  std::string headers;
  AppendHeader(fmt::format(":{}-type", kind), name, headers);
  AppendHeader(":content-type", aws::ContentType(encoding), headers);
  AppendHeader(":message-type", kind, headers);
  std::string message;
  message.reserve(kFixedBytes + headers.size() + payload.size());
  AppendBigEndian(static_cast<uint32_t>(kFixedBytes + headers.size() + payload.size()), message);
  AppendBigEndian(static_cast<uint32_t>(headers.size()), message);
  AppendBigEndian(Crc32(message), message);
  message.append(headers).append(payload);
  AppendBigEndian(Crc32(message), message);
  return message;
}

}  // namespace weir::ingest::kinesis
