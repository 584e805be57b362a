#include "base/logging.h"

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <map>
#include <mutex>

#include "base/clock.h"
#include "base/time_format.h"

namespace weir::base {
namespace {

constexpr size_t kMaxValueBytes = 1024;
constexpr int64_t kMaxLinesPerSecond = 10;
/// Events are names in the source, so there are few; beyond this, new ones share one limit.
constexpr size_t kMaxTrackedEvents = 4096;

std::string_view LevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
  }
  return "error";
}

/// Cuts at kMaxValueBytes, at the start of a UTF-8 character.
std::string_view Cut(std::string_view text) {
  if (text.size() <= kMaxValueBytes) {
    return text;
  }
  size_t end = kMaxValueBytes;
  while (end > 0 && (static_cast<uint8_t>(text[end]) & 0xC0) == 0x80) {
    --end;
  }
  return text.substr(0, end);
}

/// Length of the well-formed UTF-8 character at the front of `text`; 0 when there is none.
size_t CharacterLength(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t first = byte(0);
  const size_t length = first < 0x80                    ? 1
                        : first >= 0xC2 && first < 0xE0 ? 2
                        : first >= 0xE0 && first < 0xF0 ? 3
                        : first >= 0xF0 && first < 0xF5 ? 4
                                                        : 0;
  if (length == 0 || length > text.size()) {
    return 0;
  }
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) {
      return 0;
    }
  }
  if ((first == 0xE0 && byte(1) < 0xA0) || (first == 0xED && byte(1) > 0x9F) ||
      (first == 0xF0 && byte(1) < 0x90) || (first == 0xF4 && byte(1) > 0x8F)) {
    return 0;
  }
  return length;
}

void AppendEscaped(std::string_view text, std::string& out) {
  while (!text.empty()) {
    const char c = text.front();
    const size_t length = CharacterLength(text);
    if (length == 0) {
      out += "\\ufffd";
    } else if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (c == '\n') {
      out += "\\n";
    } else if (static_cast<uint8_t>(c) < 0x20 || c == 0x7F) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
}

void AppendMember(std::string_view name, std::string_view value, std::string& out) {
  out += ",\"";
  AppendEscaped(name, out);
  out += "\":\"";
  AppendEscaped(Cut(value), out);
  out += '"';
}

/// Lets ten lines a second of one event through and counts the others.
class RateLimit {
 public:
  /// Lines left out since the last one that passed; nothing when this one must be left out too.
  std::optional<uint64_t> Admit(int64_t second) {
    if (second != second_) {
      second_ = second;
      lines_ = 0;
    }
    if (lines_ >= kMaxLinesPerSecond) {
      ++suppressed_;
      return std::nullopt;
    }
    ++lines_;
    return std::exchange(suppressed_, 0);
  }

 private:
  int64_t second_ = -1;
  int64_t lines_ = 0;
  uint64_t suppressed_ = 0;
};

struct Logger {
  std::atomic<LogFormat> format = LogFormat::kJson;
  std::atomic<LogLevel> lowest = LogLevel::kInfo;
  std::mutex mutex;
  std::map<std::string, RateLimit, std::less<>> limits;
};

Logger& TheLogger() {
  static auto* logger = new Logger;  // Never destroyed: threads may log while the process exits.
  return *logger;
}

std::optional<uint64_t> Admit(Logger& logger, std::string_view event) {
  const int64_t second = SystemClock().MonotonicNanos() / 1'000'000'000;
  const std::lock_guard lock(logger.mutex);
  auto found = logger.limits.find(event);
  if (found == logger.limits.end()) {
    if (logger.limits.size() >= kMaxTrackedEvents) {
      event = "";
    }
    found = logger.limits.try_emplace(std::string(event)).first;
  }
  return found->second.Admit(second);
}

std::string JsonLine(LogLevel level, std::string_view event, std::string_view message,
                     std::initializer_list<LogField> fields, uint64_t suppressed) {
  std::string line = fmt::format(R"({{"ts":"{}","level":"{}")",
                                 FormatRfc3339(SystemClock().WallMillis()), LevelName(level));
  AppendMember("event", event, line);
  AppendMember("msg", message, line);
  for (const LogField& field : fields) {
    AppendMember(field.name, field.value, line);
  }
  if (suppressed > 0) {
    line += fmt::format(R"(,"suppressed":{})", suppressed);
  }
  return line + "}\n";
}

std::string TextLine(LogLevel level, std::string_view event, std::string_view message,
                     std::initializer_list<LogField> fields, uint64_t suppressed) {
  std::string line =
      fmt::format("{} {:<7} ", FormatTimestamp(SystemClock().WallMillis()), LevelName(level));
  AppendEscaped(Cut(message), line);
  line += fmt::format(" [{}", event);
  for (const LogField& field : fields) {
    line += fmt::format(" {}=", field.name);
    AppendEscaped(Cut(field.value), line);
  }
  if (suppressed > 0) {
    line += fmt::format(" suppressed={}", suppressed);
  }
  return line + "]\n";
}

/// One write per line keeps lines of several threads whole. A failure has no place to be reported.
void WriteLine(std::string_view line) {
  while (!line.empty()) {
    const ssize_t put = write(STDERR_FILENO, line.data(), line.size());
    if (put < 0 && errno != EINTR) {
      return;
    }
    line.remove_prefix(put > 0 ? static_cast<size_t>(put) : 0);
  }
}

}  // namespace

void SetUpLogging(LogFormat format, LogLevel lowest) {
  TheLogger().format = format;
  TheLogger().lowest = lowest;
}

void LogEvent(LogLevel level, std::string_view event, std::string_view message,
              std::initializer_list<LogField> fields) {
  Logger& logger = TheLogger();
  if (level < logger.lowest.load(std::memory_order_relaxed)) {
    return;
  }
  const std::optional<uint64_t> suppressed = Admit(logger, event);
  if (!suppressed.has_value()) {
    return;
  }
  const bool json = logger.format.load(std::memory_order_relaxed) == LogFormat::kJson;
  WriteLine(json ? JsonLine(level, event, message, fields, *suppressed)
                 : TextLine(level, event, message, fields, *suppressed));
}

}  // namespace weir::base
