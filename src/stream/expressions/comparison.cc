// Comparisons, NOT, and the tests IS [NOT] NULL, TRUE, FALSE, DISTINCT FROM.

#include <cstring>
#include <functional>

#include "stream/expressions/kernel.h"

namespace weir::stream {

namespace {

using sql::Function;

struct GetInt {
  int64_t operator()(const Vector& vector, size_t row) const { return vector.Int(row); }
};

struct GetDouble {
  double operator()(const Vector& vector, size_t row) const { return vector.Double(row); }
};

struct GetString {
  std::string_view operator()(const Vector& vector, size_t row) const { return vector.String(row); }
};

template <typename Get, typename Compare>
Kernel CompareKernel(Get get, Compare compare) {
  return [get, compare](const KernelCall& call) {
    const Vector a = call.arguments[0];
    const Vector b = call.arguments[1];
    int64_t* out = call.out.ints();
    ForEachNotNull(call, [&](size_t row) { out[row] = compare(get(a, row), get(b, row)) ? 1 : 0; });
  };
}

// `column = 'text'` is what WHERE clauses do most: sizes first, then overlapping words instead of a
// call.
struct TextEqual {
  bool operator()(std::string_view a, std::string_view b) const {
    if (a.size() != b.size()) {
      return false;
    }
    const size_t size = a.size();
    if (size > 16 || size < 4) {
      return std::memcmp(a.data(), b.data(), size) == 0;
    }
    if (size >= 8) {
      return SameWord<uint64_t>(a.data(), b.data()) &&
             SameWord<uint64_t>(a.data() + size - 8, b.data() + size - 8);
    }
    return SameWord<uint32_t>(a.data(), b.data()) &&
           SameWord<uint32_t>(a.data() + size - 4, b.data() + size - 4);
  }

 private:
  template <typename Word>
  static bool SameWord(const char* a, const char* b) {
    Word x{};
    Word y{};
    std::memcpy(&x, a, sizeof x);
    std::memcpy(&y, b, sizeof y);
    return x == y;
  }
};

struct TextNotEqual {
  bool operator()(std::string_view a, std::string_view b) const { return !TextEqual{}(a, b); }
};

template <typename Get>
Kernel CompareBy(Get get, Function function) {
  switch (function) {
    case Function::kEqual:
      if constexpr (std::is_same_v<Get, GetString>) {
        return CompareKernel(get, TextEqual{});
      } else {
        return CompareKernel(get, std::equal_to<>{});
      }
    case Function::kNotEqual:
      if constexpr (std::is_same_v<Get, GetString>) {
        return CompareKernel(get, TextNotEqual{});
      } else {
        return CompareKernel(get, std::not_equal_to<>{});
      }
    case Function::kLess:
      return CompareKernel(get, std::less<>{});
    case Function::kLessEqual:
      return CompareKernel(get, std::less_equal<>{});
    case Function::kGreater:
      return CompareKernel(get, std::greater<>{});
    case Function::kGreaterEqual:
      return CompareKernel(get, std::greater_equal<>{});
    default:
      return nullptr;
  }
}

template <typename Get>
Kernel DistinctKernel(Get get, bool result_when_distinct) {
  return [get, result_when_distinct](const KernelCall& call) {
    const Vector a = call.arguments[0];
    const Vector b = call.arguments[1];
    int64_t* out = call.out.ints();
    call.rows.ForEach([&](size_t row) {
      const bool a_null = a.IsNull(row);
      const bool b_null = b.IsNull(row);
      const bool distinct = a_null != b_null || (!a_null && get(a, row) != get(b, row));
      out[row] = distinct == result_when_distinct ? 1 : 0;
    });
  };
}

Kernel TestNull(bool result_when_null) {
  return [result_when_null](const KernelCall& call) {
    const Vector a = call.arguments[0];
    int64_t* out = call.out.ints();
    call.rows.ForEach([&](size_t row) { out[row] = a.IsNull(row) == result_when_null ? 1 : 0; });
  };
}

Kernel TestTruth(bool wanted, bool result_when_so) {
  return [wanted, result_when_so](const KernelCall& call) {
    const Vector a = call.arguments[0];
    int64_t* out = call.out.ints();
    call.rows.ForEach([&](size_t row) {
      const bool so = !a.IsNull(row) && (a.Int(row) != 0) == wanted;
      out[row] = so == result_when_so ? 1 : 0;
    });
  };
}

Kernel Not() {
  return [](const KernelCall& call) {
    const Vector a = call.arguments[0];
    int64_t* out = call.out.ints();
    ForEachNotNull(call, [&](size_t row) { out[row] = a.Int(row) == 0 ? 1 : 0; });
  };
}

template <typename Get>
Kernel ByArgument(Get get, Function function) {
  if (function == Function::kIsDistinctFrom || function == Function::kIsNotDistinctFrom) {
    return DistinctKernel(get, function == Function::kIsDistinctFrom);
  }
  return CompareBy(get, function);
}

}  // namespace

Kernel MakeComparisonKernel(const sql::Expression& call) {
  switch (call.function) {
    case Function::kNot:
      return Not();
    case Function::kIsNull:
      return TestNull(true);
    case Function::kIsNotNull:
      return TestNull(false);
    case Function::kIsTrue:
      return TestTruth(true, true);
    case Function::kIsNotTrue:
      return TestTruth(true, false);
    case Function::kIsFalse:
      return TestTruth(false, true);
    case Function::kIsNotFalse:
      return TestTruth(false, false);
    default:
      break;
  }
  if (call.arguments.size() != 2) {
    return nullptr;
  }
  switch (call.arguments.front().type.physical()) {
    case model::Physical::kInt64:
      return ByArgument(GetInt{}, call.function);
    case model::Physical::kDouble:
      return ByArgument(GetDouble{}, call.function);
    case model::Physical::kString:
      return ByArgument(GetString{}, call.function);
  }
  return nullptr;
}

}  // namespace weir::stream
