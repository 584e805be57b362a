#include "ingest/kinesis/base64.h"

#include <array>
#include <cstdint>

#include "base/format.h"

namespace weir::ingest::kinesis {
namespace {

constexpr uint32_t kInvalid = 0x80000000;

using Table = std::array<uint32_t, 256>;

// The six bits of each character, shifted to their place in the group's 24 bits.
constexpr Table MakeTable(int shift) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  Table table{};
  table.fill(kInvalid);
  for (uint32_t i = 0; i < kAlphabet.size(); ++i) {
    table[static_cast<unsigned char>(kAlphabet[i])] = i << shift;
  }
  return table;
}

constexpr std::array<Table, 4> kTables = {MakeTable(18), MakeTable(12), MakeTable(6), MakeTable(0)};

uint32_t Group(const char* text) {
  const auto* const bytes = reinterpret_cast<const unsigned char*>(text);
  return kTables[0][bytes[0]] | kTables[1][bytes[1]] | kTables[2][bytes[2]] | kTables[3][bytes[3]];
}

std::string InvalidCharacter(std::string_view text) {
  for (const char c : text) {
    if ((kTables[3][static_cast<unsigned char>(c)] & kInvalid) != 0) {
      return fmt::format("Invalid Base64 character: '{}'", c);
    }
  }
  return "Invalid Base64 text";
}

}  // namespace

std::expected<void, std::string> DecodeBase64(std::string_view text, std::string& out) {
  if (text.size() % 4 != 0) {
    return std::unexpected(fmt::format(
        "Base64 encoded length is expected a multiple of 4 bytes but found: {}", text.size()));
  }
  if (text.empty()) {
    return {};
  }
  const size_t padding = text.ends_with("==") ? 2 : (text.ends_with('=') ? 1 : 0);
  const size_t whole = text.size() - (padding > 0 ? 4 : 0);
  const size_t before = out.size();
  uint32_t seen = 0;
  out.resize_and_overwrite(before + text.size() / 4 * 3, [&](char* all, size_t size) {
    char* at = all + before;
    for (size_t i = 0; i < whole; i += 4) {
      const uint32_t group = Group(text.data() + i);
      seen |= group;
      at[0] = static_cast<char>(group >> 16);
      at[1] = static_cast<char>(group >> 8);
      at[2] = static_cast<char>(group);
      at += 3;
    }
    return size;
  });
  if (padding > 0) {
    std::array<char, 4> last = {text[whole], text[whole + 1], 'A', 'A'};
    last[2] = padding == 1 ? text[whole + 2] : 'A';
    const uint32_t group = Group(last.data());
    seen |= group;
    const uint32_t unused = padding == 1 ? 0xFF : 0xFFFF;
    if ((seen & kInvalid) == 0 && (group & unused) != 0) {
      out.resize(before);
      return std::unexpected("Invalid last non-pad Base64 character dectected");
    }
    char* const end = out.data() + out.size();
    end[-3] = static_cast<char>(group >> 16);
    end[-2] = static_cast<char>(group >> 8);
    out.resize(out.size() - padding);
  }
  if ((seen & kInvalid) != 0) {
    out.resize(before);
    return std::unexpected(InvalidCharacter(text.substr(0, text.size() - padding)));
  }
  return {};
}

}  // namespace weir::ingest::kinesis
