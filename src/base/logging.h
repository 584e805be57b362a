#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/result.h"

namespace weir::base {

/// Who must act: kError an operator now, kWarning an operator some day, kInfo nobody, kDebug a
/// developer.
enum class LogLevel : uint8_t { kDebug, kInfo, kWarning, kError };

enum class LogFormat : uint8_t { kJson, kText };

/// One extra field of a log line. Values are escaped and cut at 1,024 characters.
struct LogField {
  std::string_view name;
  std::string value;

  LogField(std::string_view field, std::string_view text) : name(field), value(text) {}

  LogField(std::string_view field, const char* text) : name(field), value(text) {}

  LogField(std::string_view field, const std::string& text) : name(field), value(text) {}

  template <typename T>
    requires std::is_arithmetic_v<T>
  LogField(std::string_view field, T number) : name(field), value(fmt::format("{}", number)) {}
};

/// Sets format and lowest level; the default is JSON at kInfo. One line per event goes to stderr.
void SetUpLogging(LogFormat format, LogLevel lowest);

/// Writes one line: {"ts":…,"level":…,"event":"log.torn_tail","msg":…,fields…}. `event` is a stable
/// id,
/// `<room>.<what>`. At most 10 lines a second per event; what was left out is counted in the next
/// line. Thread-safe.
void LogEvent(LogLevel level, std::string_view event, std::string_view message,
              std::initializer_list<LogField> fields = {});

}  // namespace weir::base
