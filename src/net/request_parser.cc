#include "net/request_parser.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "net/text.h"

namespace weir::net {
namespace {

constexpr size_t kMaxMethod = 16;
constexpr size_t kMaxChunkLine = 256;
constexpr size_t kMaxTrailerBytes = 4 << 10;
constexpr size_t kMaxChunkDigits = 15;
constexpr size_t kMaxLengthDigits = 18;

template <typename... Args>
std::unexpected<Refusal> Refuse(int status, fmt::format_string<Args...> format, Args&&... args) {
  return std::unexpected(Refusal{status, fmt::format(format, std::forward<Args>(args)...)});
}

constexpr std::array<bool, 256> TokenTable() {
  std::array<bool, 256> table{};
  for (int c = 0; c < 256; ++c) {
    table[c] = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  }
  for (const char c :
       {'!', '#', '$', '%', '&', '\'', '*', '+', '-', '.', '^', '_', '`', '|', '~'}) {
    table[static_cast<unsigned char>(c)] = true;
  }
  return table;
}

constexpr std::array<bool, 256> kToken = TokenTable();

bool IsToken(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](char c) { return kToken[static_cast<unsigned char>(c)]; });
}

// Printable, space, tab or beyond ASCII.
bool IsFieldValue(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte >= 0x20 && byte != 0x7F) || byte == '\t';
  });
}

std::string_view TrimSpace(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) {
    text.remove_prefix(1);
  }
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) {
    text.remove_suffix(1);
  }
  return text;
}

// Takes the text up to the next CR LF off the front of `rest`.
std::string_view NextLine(std::string_view& rest) {
  const size_t end = rest.find("\r\n");
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end + 2);
  return line;
}

std::expected<void, Refusal> ParseTarget(std::string_view target, RequestHead& head) {
  const bool visible = std::all_of(target.begin(), target.end(),
                                   [](char c) { return c > 0x20 && c < 0x7F && c != '#'; });
  if (!visible) {
    return Refuse(400, "the request target holds a character that must be percent-encoded");
  }
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (EqualsIgnoreCase(target.substr(0, scheme.size()), scheme)) {
      target.remove_prefix(scheme.size());
      const size_t slash = target.find('/');
      head.host = target.substr(0, slash);
      target = slash == std::string_view::npos ? "/" : target.substr(slash);
      break;
    }
  }
  if (!target.starts_with('/')) {
    return Refuse(400, "the request target must begin with '/'");
  }
  head.target = target;
  return {};
}

std::expected<void, Refusal> ParseMethod(std::string_view method, RequestHead& head) {
  head.method = method;
  if (!IsToken(method) || method.size() > kMaxMethod) {
    return Refuse(400, "the request line begins with no method");
  }
  return {};
}

std::expected<void, Refusal> CheckRequestLine(size_t size) {
  if (size > kMaxRequestLine) {
    return Refuse(414, "the request line is longer than {} bytes", kMaxRequestLine);
  }
  return {};
}

std::expected<void, Refusal> ParseRequestLine(std::string_view line, RequestHead& head) {
  if (auto checked = CheckRequestLine(line.size()); !checked) {
    return checked;
  }
  const size_t first = line.find(' ');
  const size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) {
    return Refuse(400, "the request line must be: method, target and version");
  }
  if (auto parsed = ParseMethod(line.substr(0, first), head); !parsed) {
    return parsed;
  }
  const std::string_view version = line.substr(last + 1);
  if (version == "HTTP/1.0") {
    head.http_1_0 = true;
    head.keep_alive = false;
  } else if (version != "HTTP/1.1") {
    if (version.starts_with("HTTP/")) {
      return Refuse(505, "only HTTP/1.1 and HTTP/2 are spoken here");
    }
    return Refuse(400, "the request line ends in no HTTP version");
  }
  return ParseTarget(line.substr(first + 1, last - first - 1), head);
}

// What the framing fields said so far.
struct Framing {
  bool length = false;
  bool coding = false;
  bool host = false;
};

std::expected<void, Refusal> ParseLength(std::string_view value, RequestHead& head,
                                         Framing& framing) {
  if (framing.length) {
    return Refuse(400, "content-length is given twice");
  }
  framing.length = true;
  const bool digits =
      !value.empty() && std::all_of(value.begin(), value.end(), [](char c) { return IsDigit(c); });
  if (!digits) {
    return Refuse(400, "content-length is not a number");
  }
  if (value.size() > kMaxLengthDigits) {
    return Refuse(413, "content-length is beyond every limit");
  }
  for (const char c : value) {
    head.content_length = head.content_length * 10 + static_cast<uint64_t>(c - '0');
  }
  return {};
}

void ParseConnection(std::string_view value, RequestHead& head) {
  while (!value.empty()) {
    const size_t comma = value.find(',');
    if (EqualsIgnoreCase(TrimSpace(value.substr(0, comma)), "close")) {
      head.keep_alive = false;
    }
    value.remove_prefix(comma == std::string_view::npos ? value.size() : comma + 1);
  }
}

// Fields that decide how the message is read.
std::expected<void, Refusal> ApplyField(std::string_view name, std::string_view value,
                                        RequestHead& head, Framing& framing) {
  if (EqualsIgnoreCase(name, "content-length")) {
    return ParseLength(value, head, framing);
  }
  if (EqualsIgnoreCase(name, "transfer-encoding")) {
    if (framing.coding || head.http_1_0) {
      return Refuse(400, "transfer-encoding is given twice, or in HTTP/1.0");
    }
    framing.coding = true;
    if (!EqualsIgnoreCase(value, "chunked")) {
      return Refuse(501, "no transfer coding but 'chunked' is understood");
    }
    head.chunked = true;
  } else if (EqualsIgnoreCase(name, "host")) {
    if (framing.host) {
      return Refuse(400, "host is given twice");
    }
    framing.host = true;
    if (!head.host.empty() && !EqualsIgnoreCase(head.host, value)) {
      return Refuse(400, "the request target names another host than the host field");
    }
    head.host = value;
  } else if (EqualsIgnoreCase(name, "connection")) {
    ParseConnection(value, head);
  } else if (EqualsIgnoreCase(name, "expect")) {
    if (!EqualsIgnoreCase(value, "100-continue")) {
      return Refuse(417, "no expectation but '100-continue' is understood");
    }
    head.expect_continue = !head.http_1_0;
  } else if (EqualsIgnoreCase(name, "content-encoding") && !EqualsIgnoreCase(value, "identity")) {
    return Refuse(415, "content codings are not accepted: send the body uncompressed");
  }
  return {};
}

std::expected<void, Refusal> AddField(std::string_view name, std::string_view value,
                                      RequestHead& head, Framing& framing) {
  if (!IsFieldValue(value)) {
    return Refuse(400, "header '{}' holds a control character", name);
  }
  if (head.fields.size() == kMaxHeaderFields) {
    return Refuse(431, "more than {} header fields", kMaxHeaderFields);
  }
  head.fields.emplace_back(name, value);
  return ApplyField(name, value, head, framing);
}

std::expected<void, Refusal> ParseField(std::string_view line, RequestHead& head,
                                        Framing& framing) {
  if (line.starts_with(' ') || line.starts_with('\t')) {
    return Refuse(400, "a header field is folded over two lines");
  }
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos || !IsToken(line.substr(0, colon))) {
    return Refuse(400, "a header line is not 'name: value'");
  }
  return AddField(line.substr(0, colon), TrimSpace(line.substr(colon + 1)), head, framing);
}

}  // namespace

std::expected<std::optional<size_t>, Refusal> HeadScanner::Scan(std::string_view input,
                                                                size_t max_bytes) {
  while (looked_at_ < input.size()) {
    const char* start = input.data() + looked_at_;
    const void* found = std::memchr(start, '\n', input.size() - looked_at_);
    if (found == nullptr) {
      looked_at_ = input.size();
      break;
    }
    const size_t newline = static_cast<size_t>(static_cast<const char*>(found) - input.data());
    if (newline == line_start_ || input[newline - 1] != '\r') {
      return Refuse(400, "a header line ends in a bare line feed");
    }
    const bool empty = newline == line_start_ + 1;
    looked_at_ = line_start_ = newline + 1;
    if (empty) {
      if (newline + 1 > max_bytes) {
        break;
      }
      return newline + 1;
    }
  }
  if (looked_at_ > max_bytes) {
    return Refuse(431, "the request head is larger than {} bytes", max_bytes);
  }
  return std::nullopt;
}

std::expected<RequestHead, Refusal> ParseHead(std::string_view head_text) {
  RequestHead head;
  Framing framing;
  head.fields.reserve(16);
  std::string_view rest = head_text;
  const std::string_view request_line = NextLine(rest);
  if (auto parsed = ParseRequestLine(request_line, head); !parsed) {
    return std::unexpected(std::move(parsed).error());
  }
  while (rest.size() > 2) {
    if (auto parsed = ParseField(NextLine(rest), head, framing); !parsed) {
      return std::unexpected(std::move(parsed).error());
    }
  }
  if (framing.length && framing.coding) {
    return Refuse(400, "both content-length and transfer-encoding are given");
  }
  if (!head.http_1_0 && !framing.host) {
    return Refuse(400, "host is missing");
  }
  return head;
}

std::expected<RequestHead, Refusal> AssembleHead(
    std::string_view method, std::string_view target, std::string_view authority,
    const std::vector<std::pair<std::string, std::string>>& fields) {
  RequestHead head;
  Framing framing;
  head.host = authority;
  head.fields.reserve(fields.size());
  auto checked = CheckRequestLine(method.size() + target.size());
  if (checked) {
    checked = ParseMethod(method, head);
  }
  if (checked) {
    // An absolute target would name a second host.
    checked = target.starts_with('/') ? ParseTarget(target, head)
                                      : Refuse(400, "the request target must begin with '/'");
  }
  for (size_t i = 0; checked && i < fields.size(); ++i) {
    checked = IsToken(fields[i].first)
                  ? AddField(fields[i].first, fields[i].second, head, framing)
                  : Refuse(400, "a header name holds a character that it may not have");
  }
  if (!checked) {
    return std::unexpected(std::move(checked).error());
  }
  if (!framing.host) {
    return Refuse(400, "host is missing");
  }
  if (framing.coding) {
    return Refuse(400, "transfer-encoding has no place in HTTP/2");
  }
  return head;
}

Refusal BodyTooLarge(size_t max_bytes) {
  return {413, fmt::format("the body is larger than {} bytes", max_bytes)};
}

void BodyReader::Start(const RequestHead& head, size_t max_bytes) {
  chunked_ = head.chunked;
  max_bytes_ = max_bytes;
  trailer_bytes_ = 0;
  line_.clear();
  remaining_ = head.content_length;
  phase_ = chunked_ ? Phase::kChunkSize : (remaining_ > 0 ? Phase::kData : Phase::kDone);
}

std::expected<size_t, Refusal> BodyReader::Consume(std::string_view input, std::string& body) {
  size_t taken = 0;
  while (phase_ != Phase::kDone && taken < input.size()) {
    if (phase_ == Phase::kData) {
      const size_t some = std::min<uint64_t>(remaining_, input.size() - taken);
      body.append(input.substr(taken, some));
      taken += some;
      remaining_ -= some;
      if (remaining_ == 0) {
        phase_ = chunked_ ? Phase::kChunkEnd : Phase::kDone;
      }
      continue;
    }
    const size_t newline = input.find('\n', taken);
    const size_t end = newline == std::string_view::npos ? input.size() : newline + 1;
    line_.append(input.substr(taken, end - taken));
    taken = end;
    if (line_.size() > kMaxChunkLine) {
      return Refuse(400, "a chunk header or trailer line is longer than {} bytes", kMaxChunkLine);
    }
    if (newline == std::string_view::npos) {
      break;
    }
    if (!line_.ends_with("\r\n") || line_.find('\r') != line_.size() - 2) {
      return Refuse(400, "a chunk line does not end in CR LF");
    }
    const std::string line = std::exchange(line_, {});
    if (auto parsed = TakeLine(std::string_view(line).substr(0, line.size() - 2)); !parsed) {
      return std::unexpected(std::move(parsed).error());
    }
    if (phase_ == Phase::kData && body.size() + remaining_ > max_bytes_) {
      return std::unexpected(BodyTooLarge(max_bytes_));
    }
  }
  return taken;
}

std::expected<void, Refusal> BodyReader::TakeLine(std::string_view line) {
  if (phase_ == Phase::kChunkEnd) {
    if (!line.empty()) {
      return Refuse(400, "a chunk is longer than its header says");
    }
    phase_ = Phase::kChunkSize;
    return {};
  }
  if (phase_ == Phase::kTrailer) {
    trailer_bytes_ += line.size();
    if (trailer_bytes_ > kMaxTrailerBytes) {
      return Refuse(431, "the trailer is larger than {} bytes", kMaxTrailerBytes);
    }
    const size_t colon = line.find(':');
    if (line.empty()) {
      phase_ = Phase::kDone;
    } else if (colon == std::string_view::npos || !IsToken(line.substr(0, colon)) ||
               !IsFieldValue(line.substr(colon + 1))) {
      return Refuse(400, "a trailer line is not 'name: value'");
    }
    return {};
  }
  const size_t semicolon = line.find(';');
  const std::string_view digits = line.substr(0, semicolon);
  uint64_t size = 0;
  for (const char c : digits) {
    const int digit = HexDigit(c);
    if (digit < 0) {
      return Refuse(400, "a chunk size is not hexadecimal");
    }
    size = size << 4 | static_cast<uint64_t>(digit);
  }
  if (digits.empty() || digits.size() > kMaxChunkDigits ||
      (semicolon != std::string_view::npos && !IsFieldValue(line.substr(semicolon)))) {
    return Refuse(400, "a chunk header is not '<hexadecimal size>[;extension]'");
  }
  remaining_ = size;
  phase_ = size == 0 ? Phase::kTrailer : Phase::kData;
  return {};
}

}  // namespace weir::net
