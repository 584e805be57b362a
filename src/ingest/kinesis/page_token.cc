#include "ingest/kinesis/page_token.h"

#include <array>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "base/time_format.h"

namespace weir::ingest::kinesis {

std::string SealToken(char kind, model::Rowtime now, std::string_view payload) {
  std::string bytes;
  base::ByteWriter writer(bytes);
  writer.U8(static_cast<uint8_t>(kind));
  writer.I64(now.millis);
  writer.String(payload);
  writer.U32(base::Crc32c(bytes));
  return base::ToBase64(bytes);
}

std::optional<Token> OpenToken(char kind, std::string_view text) {
  constexpr size_t kSumBytes = 4;
  const auto bytes = base::FromBase64(text);
  if (!bytes || bytes->size() < kSumBytes) {
    return std::nullopt;
  }
  const std::string_view summed = std::string_view(*bytes).substr(0, bytes->size() - kSumBytes);
  base::ByteReader reader(*bytes);
  const char read_kind = static_cast<char>(reader.U8());
  Token token{.made = {reader.I64()}, .payload = std::string(reader.String())};
  const bool whole = reader.U32() == base::Crc32c(summed) && reader.ok() && reader.remaining() == 0;
  if (!whole || read_kind != kind) {
    return std::nullopt;
  }
  return token;
}

std::expected<std::string, aws::ApiError> ReadNextToken(char kind, model::Rowtime now,
                                                        std::string_view text) {
  auto token = OpenToken(kind, text);
  if (!token) {
    return std::unexpected(aws::MakeError("InvalidArgumentException", "Invalid NextToken."));
  }
  if (now.millis - token->made.millis > kTokenMillis) {
    return std::unexpected(aws::MakeError(
        "ExpiredNextTokenException",
        "NextToken expired. The token was created at time {} while right now it is {} which is "
        "further in the future than the tolerated delay of {} milliseconds.",
        FormatUtc(token->made), FormatUtc(now), kTokenMillis));
  }
  return std::move(token->payload);
}

std::string FormatUtc(model::Rowtime time) {
  static constexpr std::array<std::string_view, 7> kDays = {"Thu", "Fri", "Sat", "Sun",
                                                            "Mon", "Tue", "Wed"};
  static constexpr std::array<std::string_view, 12> kMonths = {
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  constexpr int64_t kMillisPerDay = 86'400'000;
  const base::CivilTime civil = base::ToCivil(time.millis);
  const int64_t days = (time.millis - (time.millis < 0 ? kMillisPerDay - 1 : 0)) / kMillisPerDay;
  return fmt::format("{} {} {:02} {:02}:{:02}:{:02} UTC {}",
                     kDays[static_cast<size_t>((days % 7 + 7) % 7)],
                     kMonths[static_cast<size_t>(civil.month - 1)], civil.day, civil.hour,
                     civil.minute, civil.second, civil.year);
}

}  // namespace weir::ingest::kinesis
