// CAST. A value that the target cannot hold is a row error. Floating numbers and decimals round
// half away from zero into integers; text is cut to VARCHAR(n); a number or a time that does not
// fit into VARCHAR(n) is an error, as the dialect says.

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/format.h"
#include "base/time_format.h"
#include "model/value.h"
#include "stream/expressions/calendar.h"
#include "stream/expressions/kernel.h"
#include "stream/expressions/number.h"

namespace weir::stream {

namespace {

using model::Physical;
using model::Type;
using model::TypeKind;

constexpr int64_t kDayMillis = 86'400'000;
constexpr size_t kMaxShownText = 64;

std::string_view Shown(std::string_view text) {
  return text.substr(0, kMaxShownText);
}

std::string CannotCast(std::string_view value, const Type& to) {
  return fmt::format("cannot cast '{}' to {}", Shown(value), to.ToString());
}

std::string_view Trimmed(std::string_view text) {
  while (text.starts_with(' ')) {
    text.remove_prefix(1);
  }
  while (text.ends_with(' ')) {
    text.remove_suffix(1);
  }
  return text;
}

// Writes op(row) where it gives a value; an error that shows show(row) where it gives none.
template <typename Op, typename Show>
void CastRows(const KernelCall& call, const Type& to, Op op, Show show) {
  ForEachNotNull(call, [&](size_t row) {
    if (!op(row)) {
      call.Fail(row, CannotCast(show(row), to));
    }
  });
}

Kernel IntToInt(Type from, Type to) {
  const int from_scale = ScaleOf(from);
  const int to_scale = ScaleOf(to);
  return [=](const KernelCall& call) {
    const Vector a = call.arguments[0];
    CastRows(
        call, to,
        [&](size_t row) {
          const auto scaled = Rescale(a.Int(row), from_scale, to_scale);
          const auto value = scaled ? FitInteger(*scaled, to) : std::nullopt;
          call.out.ints()[row] = value.value_or(0);
          return value.has_value();
        },
        [&](size_t row) { return model::FormatValue(a.Int(row), from); });
  };
}

Kernel NumberToBoolean(bool floating) {
  return [=](const KernelCall& call) {
    const Vector a = call.arguments[0];
    ForEachNotNull(call, [&](size_t row) {
      call.out.ints()[row] = (floating ? a.Double(row) != 0 : a.Int(row) != 0) ? 1 : 0;
    });
  };
}

Kernel IntToDouble(Type from, Type to) {
  const auto unit = static_cast<double>(PowerOfTen128(ScaleOf(from)));
  return [=](const KernelCall& call) {
    const Vector a = call.arguments[0];
    ForEachNotNull(call, [&](size_t row) {
      call.out.doubles()[row] = RoundToType(static_cast<double>(a.Int(row)) / unit, to);
    });
  };
}

Kernel DoubleToInt(Type to) {
  const auto unit = static_cast<double>(PowerOfTen128(ScaleOf(to)));
  return [=](const KernelCall& call) {
    const Vector a = call.arguments[0];
    CastRows(
        call, to,
        [&](size_t row) {
          const double scaled = std::round(a.Double(row) * unit);
          if (!(std::fabs(scaled) < 1e30)) {
            return false;
          }
          const auto value = FitInteger(static_cast<Int128>(scaled), to);
          call.out.ints()[row] = value.value_or(0);
          return value.has_value();
        },
        [&](size_t row) { return fmt::format("{}", a.Double(row)); });
  };
}

Kernel DoubleToDouble(Type to) {
  return [=](const KernelCall& call) {
    const Vector a = call.arguments[0];
    CastRows(
        call, to,
        [&](size_t row) {
          call.out.doubles()[row] = RoundToType(a.Double(row), to);
          return std::isfinite(call.out.doubles()[row]);
        },
        [&](size_t row) { return fmt::format("{}", a.Double(row)); });
  };
}

// TIMESTAMP -> DATE (days) and TIME (milliseconds of the day), and DATE -> TIMESTAMP.
Kernel BetweenTimes(TypeKind from, TypeKind to) {
  return [=](const KernelCall& call) {
    const Vector a = call.arguments[0];
    ForEachNotNull(call, [&](size_t row) {
      const int64_t value = a.Int(row);
      int64_t& out = call.out.ints()[row];
      if (from == TypeKind::kTimestamp && to == TypeKind::kDate) {
        out = FloorDivide(value, kDayMillis);
      } else if (from == TypeKind::kTimestamp && to == TypeKind::kTime) {
        out = value - FloorDivide(value, kDayMillis) * kDayMillis;
      } else if (from == TypeKind::kDate && to == TypeKind::kTimestamp) {
        out = value * kDayMillis;
      } else {
        out = value;
      }
    });
  };
}

bool IsTime(TypeKind kind) {
  return kind == TypeKind::kDate || kind == TypeKind::kTime || kind == TypeKind::kTimestamp;
}

// "2026-11-22 07:35:31": all six fields and no fraction, as the dialect demands.
bool IsPlainTimestamp(std::string_view text) {
  constexpr std::string_view kShape = "dddd-dd-dd dd:dd:dd";
  if (text.size() != kShape.size()) {
    return false;
  }
  for (size_t i = 0; i < text.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (kShape[i] == 'd' ? !digit : text[i] != kShape[i]) {
      return false;
    }
  }
  return true;
}

std::optional<int64_t> ParseTime(std::string_view text, TypeKind kind) {
  switch (kind) {
    case TypeKind::kTimestamp:
      return IsPlainTimestamp(text) ? base::ParseTimestamp(text) : std::nullopt;
    case TypeKind::kDate: {
      const auto millis = text.size() == 10 ? base::ParseTimestamp(text) : std::nullopt;
      return millis ? std::optional(FloorDivide(*millis, kDayMillis)) : std::nullopt;
    }
    default:
      return text.size() == 8 ? base::ParseTimestamp(fmt::format("1970-01-01 {}", text))
                              : std::nullopt;
  }
}

std::optional<int64_t> ParseBoolean(std::string_view text) {
  const auto is = [&](std::string_view word) {
    return text.size() == word.size() && std::equal(text.begin(), text.end(), word.begin(),
                                                    [](char a, char b) { return (a | 0x20) == b; });
  };
  return is("true")    ? std::optional<int64_t>(1)
         : is("false") ? std::optional<int64_t>(0)
                       : std::nullopt;
}

std::optional<int64_t> ParseExact(std::string_view text, const Type& to) {
  if (IsTime(to.kind)) {
    return ParseTime(text, to.kind);
  }
  if (to.kind == TypeKind::kBoolean) {
    return ParseBoolean(text);
  }
  if (to.IsInteger()) {
    // Digits alone are read whole; a decimal number has 18 digits at most.
    int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc() && end == text.data() + text.size()) {
      return FitInteger(value, to);
    }
  }
  const auto decimal = model::ParseDecimal(text, ScaleOf(to));
  return decimal ? FitInteger(*decimal, to) : std::nullopt;
}

Kernel TextToExact(Type to) {
  return [=](const KernelCall& call) {
    const Vector a = call.arguments[0];
    CastRows(
        call, to,
        [&](size_t row) {
          const auto value = ParseExact(Trimmed(a.String(row)), to);
          call.out.ints()[row] = value.value_or(0);
          return value.has_value();
        },
        [&](size_t row) { return a.String(row); });
  };
}

Kernel TextToDouble(Type to) {
  return [=](const KernelCall& call) {
    const Vector a = call.arguments[0];
    CastRows(
        call, to,
        [&](size_t row) {
          const std::string_view text = Trimmed(a.String(row));
          double value = 0;
          const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
          call.out.doubles()[row] = RoundToType(value, to);
          return error == std::errc() && end == text.data() + text.size() &&
                 std::isfinite(call.out.doubles()[row]);
        },
        [&](size_t row) { return a.String(row); });
  };
}

Kernel TextToText(Type to) {
  return [=](const KernelCall& call) {
    const Vector a = call.arguments[0];
    const auto limit = static_cast<size_t>(to.precision);
    ForEachNotNull(call, [&](size_t row) {
      std::string_view text = a.String(row);
      if (limit != 0 && text.size() > limit) {
        size_t size = limit;
        while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) {
          --size;
        }
        text = text.substr(0, size);
      }
      call.out.strings()[row] = text;
    });
  };
}

Kernel ValueToText(Type from, Type to) {
  return [=](const KernelCall& call) {
    const Vector a = call.arguments[0];
    const auto format = [&](size_t row) {
      return from.physical() == Physical::kDouble ? model::FormatValue(a.Double(row), from)
                                                  : model::FormatValue(a.Int(row), from);
    };
    CastRows(
        call, to,
        [&](size_t row) {
          const std::string text = format(row);
          call.out.strings()[row] = call.evaluation.arena.Add(text);
          return to.precision == 0 || text.size() <= static_cast<size_t>(to.precision);
        },
        format);
  };
}

}  // namespace

Kernel MakeCastKernel(const Type& from, const Type& to) {
  const Physical target = to.physical();
  switch (from.physical()) {
    case Physical::kString:
      return target == Physical::kString   ? TextToText(to)
             : target == Physical::kDouble ? TextToDouble(to)
                                           : TextToExact(to);
    case Physical::kDouble:
      if (to.kind == TypeKind::kBoolean) {
        return NumberToBoolean(true);
      }
      return target == Physical::kString   ? ValueToText(from, to)
             : target == Physical::kDouble ? DoubleToDouble(to)
                                           : DoubleToInt(to);
    case Physical::kInt64:
      break;
  }
  if (target == Physical::kString) {
    return ValueToText(from, to);
  }
  if (target == Physical::kDouble) {
    return IntToDouble(from, to);
  }
  if (IsTime(from.kind) && IsTime(to.kind)) {
    return BetweenTimes(from.kind, to.kind);
  }
  if (to.kind == TypeKind::kBoolean) {
    return NumberToBoolean(false);
  }
  return IntToInt(from, to);
}

}  // namespace weir::stream
