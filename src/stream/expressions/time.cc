// Timestamps and intervals: all are milliseconds in an int64.

#include "base/format.h"
#include "base/time_format.h"
#include "stream/expressions/calendar.h"
#include "stream/expressions/kernel.h"

namespace weir::stream {

namespace {

using sql::Function;
using sql::TimeUnit;

constexpr std::string_view kTimeOutOfRange = "time out of range";

template <typename Op>
Kernel CheckedTime(Op op) {
  return [op](const KernelCall& call) {
    const Vector a = call.arguments[0];
    const Vector b = call.arguments[1];
    int64_t* out = call.out.ints();
    ForEachNotNull(call, [&](size_t row) {
      if (op(a.Int(row), b.Int(row), &out[row])) {
        call.Fail(row, std::string(kTimeOutOfRange));
      }
    });
  };
}

TimeUnit UnitOf(const sql::Expression& literal) {
  const auto* number = std::get_if<int64_t>(&literal.literal);
  return number == nullptr ? TimeUnit::kMillisecond : static_cast<TimeUnit>(*number);
}

Kernel FloorOrCeil(TimeUnit unit, bool up) {
  if (const int64_t length = MillisOf(unit); length != 0 && !up) {
    return [length](const KernelCall& call) {
      const Vector a = call.arguments[0];
      int64_t* out = call.out.ints();
      // Neighbouring rows mostly fall into the same unit; one comparison then saves the division.
      int64_t floor = 0;
      ForEachNotNull(call, [&](size_t row) {
        const int64_t value = a.Int(row);
        if (static_cast<uint64_t>(value) - static_cast<uint64_t>(floor) >=
            static_cast<uint64_t>(length)) {
          floor = FloorDivide(value, length) * length;
        }
        out[row] = floor;
      });
    };
  }
  return [unit, up](const KernelCall& call) {
    const Vector a = call.arguments[0];
    int64_t* out = call.out.ints();
    ForEachNotNull(call, [&](size_t row) {
      const int64_t value = a.Int(row);
      const int64_t floor = FloorTo(value, unit);
      out[row] = up && floor != value ? NextUnit(floor, unit) : floor;
    });
  };
}

Kernel Step() {
  return [](const KernelCall& call) {
    const Vector a = call.arguments[0];
    const Vector b = call.arguments[1];
    int64_t* out = call.out.ints();
    ForEachNotNull(call, [&](size_t row) {
      const int64_t step = b.Int(row);
      if (step <= 0) {
        call.Fail(row, fmt::format("STEP needs a positive step, not {}", step));
        return;
      }
      if (__builtin_mul_overflow(FloorDivide(a.Int(row), step), step, &out[row])) {
        call.Fail(row, std::string(kTimeOutOfRange));
      }
    });
  };
}

int64_t Extract(int64_t millis, TimeUnit unit) {
  const base::CivilTime civil = base::ToCivil(millis);
  switch (unit) {
    case TimeUnit::kMillisecond:
      return civil.millisecond;
    case TimeUnit::kSecond:
      return civil.second;
    case TimeUnit::kMinute:
      return civil.minute;
    case TimeUnit::kHour:
      return civil.hour;
    case TimeUnit::kDay:
      return civil.day;
    case TimeUnit::kMonth:
      return civil.month;
    case TimeUnit::kYear:
      return civil.year;
  }
  return 0;
}

Kernel ExtractKernel(TimeUnit unit) {
  return [unit](const KernelCall& call) {
    const Vector a = call.arguments[1];
    int64_t* out = call.out.ints();
    ForEachNotNull(call, [&](size_t row) { out[row] = Extract(a.Int(row), unit); });
  };
}

Kernel SameNumber() {
  return [](const KernelCall& call) {
    const Vector a = call.arguments[0];
    int64_t* out = call.out.ints();
    ForEachNotNull(call, [&](size_t row) { out[row] = a.Int(row); });
  };
}

Kernel ToChar() {
  return [](const KernelCall& call) {
    ForEachNotNull(call, [&](size_t row) {
      const auto text = FormatByPattern(call.arguments[0].String(row), call.arguments[1].Int(row));
      if (!text) {
        call.Fail(row, text.error().message);
        return;
      }
      call.out.strings()[row] = call.evaluation.arena.Add(*text);
    });
  };
}

Kernel FromChar() {
  return [](const KernelCall& call) {
    ForEachNotNull(call, [&](size_t row) {
      const auto millis =
          ParseByPattern(call.arguments[0].String(row), call.arguments[1].String(row));
      if (!millis) {
        call.Fail(row, millis.error().message);
        return;
      }
      call.out.ints()[row] = *millis;
    });
  };
}

}  // namespace

Kernel MakeTimeKernel(const sql::Expression& call) {
  switch (call.function) {
    case Function::kTimestampAddInterval:
      return CheckedTime(
          [](int64_t a, int64_t b, int64_t* out) { return __builtin_add_overflow(a, b, out); });
    case Function::kTimestampSubtractInterval:
    case Function::kTimestampDifference:
    case Function::kTimestampDiffMillis:
      return CheckedTime(
          [](int64_t a, int64_t b, int64_t* out) { return __builtin_sub_overflow(a, b, out); });
    case Function::kFloorTo:
      return FloorOrCeil(UnitOf(call.arguments[1]), false);
    case Function::kCeilTo:
      return FloorOrCeil(UnitOf(call.arguments[1]), true);
    case Function::kStep:
      return Step();
    case Function::kExtract:
      return ExtractKernel(UnitOf(call.arguments[0]));
    case Function::kUnixTimestamp:
    case Function::kToTimestamp:
      return SameNumber();
    case Function::kTimestampToChar:
      return ToChar();
    case Function::kCharToTimestamp:
      return FromChar();
    default:
      return nullptr;
  }
}

}  // namespace weir::stream
