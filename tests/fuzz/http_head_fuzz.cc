// Any bytes are a head, an incomplete head or a refusal; the same bytes in two parts give the same.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "net/request_parser.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  weir::net::HeadScanner whole;
  const auto end = whole.Scan(text, 16 << 10);
  weir::net::HeadScanner parts;
  const auto first = parts.Scan(text.substr(0, size / 2), 16 << 10);
  if (first.has_value() && !first->has_value()) {
    const auto second = parts.Scan(text, 16 << 10);
    CHECK(second.has_value() == end.has_value());
    CHECK(!end.has_value() || *second == *end);
  }
  if (end.has_value() && end->has_value()) {
    const auto head = weir::net::ParseHead(text.substr(0, **end));
    if (head.has_value()) {
      weir::net::BodyReader reader;
      reader.Start(*head, 1 << 16);
      std::string body;
      const auto taken = reader.Consume(text.substr(**end), body);
      CHECK(!taken.has_value() || *taken <= text.size() - **end);
      CHECK(body.size() <= 1 << 16);
    }
  }
  return 0;
}
