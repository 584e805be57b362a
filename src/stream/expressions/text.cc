// Text: by code point of UTF-8, which for ASCII is by byte.

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>

#include "base/format.h"
#include "stream/expressions/kernel.h"
#include "stream/expressions/pattern.h"

namespace weir::stream {

namespace {

using sql::Function;

// Compiled patterns that one expression keeps; the oldest go when it meets more different ones.
constexpr size_t kMaxCachedPatterns = 64;

bool IsAscii(std::string_view text) {
  return std::ranges::none_of(text,
                              [](char c) { return (static_cast<unsigned char>(c) & 0x80) != 0; });
}

bool BeginsCharacter(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
}

int64_t CountCharacters(std::string_view text) {
  return std::ranges::count_if(text, BeginsCharacter);
}

// Byte offset of the `index`-th character (0-based); the size when there are fewer.
size_t OffsetOf(std::string_view text, int64_t index) {
  if (IsAscii(text)) {
    return static_cast<size_t>(std::min<int64_t>(index, static_cast<int64_t>(text.size())));
  }
  for (size_t i = 0; i < text.size(); ++i) {
    if (BeginsCharacter(text[i]) && index-- == 0) {
      return i;
    }
  }
  return text.size();
}

// Longest start of `text` of at most `size` bytes that ends between characters.
std::string_view CutTo(std::string_view text, const model::Type& type) {
  auto size = static_cast<size_t>(type.precision);
  if (type.precision <= 0 || text.size() <= size) {
    return text;
  }
  while (size > 0 && !BeginsCharacter(text[size])) {
    --size;
  }
  return text.substr(0, size);
}

char Lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

char Upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
}

bool IsWordCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         (c & 0x80) != 0;
}

template <typename Change>
Kernel MapBytes(Change change) {
  return [change](const KernelCall& call) {
    const Vector text = call.arguments[0];
    std::string_view* out = call.out.strings();
    ForEachNotNull(call, [&](size_t row) {
      const std::string_view from = text.String(row);
      char* into = call.evaluation.arena.Allocate(from.size());
      change(from, into);
      out[row] = {into, from.size()};
    });
  };
}

Kernel Initcap() {
  return MapBytes([](std::string_view from, char* into) {
    bool inside = false;
    for (size_t i = 0; i < from.size(); ++i) {
      into[i] = inside ? Lower(from[i]) : Upper(from[i]);
      inside = IsWordCharacter(from[i]);
    }
  });
}

Kernel Concat(const model::Type& type) {
  return [type](const KernelCall& call) {
    std::string_view* out = call.out.strings();
    ForEachNotNull(call, [&](size_t row) {
      size_t size = 0;
      for (const Vector& argument : call.arguments) {
        size += argument.String(row).size();
      }
      char* into = call.evaluation.arena.Allocate(size);
      size_t at = 0;
      for (const Vector& argument : call.arguments) {
        const std::string_view part = argument.String(row);
        std::memcpy(into + at, part.data(), part.size());
        at += part.size();
      }
      out[row] = CutTo({into, size}, type);
    });
  };
}

Kernel CharLength() {
  return [](const KernelCall& call) {
    ForEachNotNull(call, [&](size_t row) {
      call.out.ints()[row] = CountCharacters(call.arguments[0].String(row));
    });
  };
}

// SUBSTRING by the standard: positions before 1 count, so SUBSTRING('abc', 0, 2) is 'a'.
Kernel Substring() {
  return [](const KernelCall& call) {
    ForEachNotNull(call, [&](size_t row) {
      const std::string_view text = call.arguments[0].String(row);
      const __int128 start = static_cast<__int128>(call.arguments[1].Int(row)) - 1;
      __int128 end = CountCharacters(text);
      if (call.arguments.size() > 2) {
        const int64_t length = call.arguments[2].Int(row);
        if (length < 0) {
          call.Fail(row, fmt::format("SUBSTRING with a negative length of {}", length));
          return;
        }
        end = std::min(end, start + length);
      }
      const __int128 first = std::max<__int128>(start, 0);
      if (first >= end) {
        call.out.strings()[row] = {};
        return;
      }
      const size_t from = OffsetOf(text, static_cast<int64_t>(first));
      const size_t to = OffsetOf(text, static_cast<int64_t>(end));
      call.out.strings()[row] = text.substr(from, to - from);
    });
  };
}

Kernel Position() {
  return [](const KernelCall& call) {
    ForEachNotNull(call, [&](size_t row) {
      const std::string_view text = call.arguments[1].String(row);
      const size_t at = text.find(call.arguments[0].String(row));
      call.out.ints()[row] =
          at == std::string_view::npos ? 0 : CountCharacters(text.substr(0, at)) + 1;
    });
  };
}

Kernel Trim(bool leading, bool trailing) {
  return [leading, trailing](const KernelCall& call) {
    ForEachNotNull(call, [&](size_t row) {
      const std::string_view characters = call.arguments[0].String(row);
      std::string_view text = call.arguments[1].String(row);
      while (leading && !text.empty() && characters.contains(text.front())) {
        text.remove_prefix(1);
      }
      while (trailing && !text.empty() && characters.contains(text.back())) {
        text.remove_suffix(1);
      }
      call.out.strings()[row] = text;
    });
  };
}

Kernel Overlay(const model::Type& type) {
  return [type](const KernelCall& call) {
    ForEachNotNull(call, [&](size_t row) {
      const std::string_view text = call.arguments[0].String(row);
      const std::string_view replacement = call.arguments[1].String(row);
      const int64_t position = call.arguments[2].Int(row);
      const int64_t length =
          call.arguments.size() > 3 ? call.arguments[3].Int(row) : CountCharacters(replacement);
      if (position < 1 || length < 0) {
        call.Fail(row, fmt::format("OVERLAY at position {} for {} characters", position, length));
        return;
      }
      const size_t from = OffsetOf(text, position - 1);
      const std::string_view behind = text.substr(from);
      std::string made(text.substr(0, from));
      made += replacement;
      made += behind.substr(OffsetOf(behind, length));
      call.out.strings()[row] = CutTo(call.evaluation.arena.Add(made), type);
    });
  };
}

std::optional<char> EscapeOf(const KernelCall& call, size_t row) {
  if (call.arguments.size() < 3 || call.arguments[2].String(row).empty()) {
    return std::nullopt;
  }
  return call.arguments[2].String(row).front();
}

Kernel Like() {
  return [](const KernelCall& call) {
    ForEachNotNull(call, [&](size_t row) {
      const auto matches = MatchesLike(call.arguments[0].String(row), call.arguments[1].String(row),
                                       EscapeOf(call, row));
      if (!matches) {
        call.Fail(row, matches.error().message);
        return;
      }
      call.out.ints()[row] = *matches ? 1 : 0;
    });
  };
}

// Compiled patterns of one expression, by their text.
class PatternCache {
 public:
  template <typename Make>
  const base::Result<RegularExpression>& Get(const std::string& key, Make make) {
    const auto found = patterns_.find(key);
    if (found != patterns_.end()) {
      return found->second;
    }
    if (patterns_.size() >= kMaxCachedPatterns) {
      patterns_.clear();
    }
    return patterns_.emplace(key, make()).first->second;
  }

 private:
  std::map<std::string, base::Result<RegularExpression>> patterns_;
};

Kernel SimilarTo() {
  return [cache = std::make_shared<PatternCache>()](const KernelCall& call) {
    ForEachNotNull(call, [&](size_t row) {
      const std::optional<char> escape = EscapeOf(call, row);
      const std::string pattern(call.arguments[1].String(row));
      const auto& compiled = cache->Get(escape ? pattern + '\0' + *escape : pattern, [&] {
        return RegularExpression::CreateSimilar(pattern, escape);
      });
      if (!compiled) {
        call.Fail(row, compiled.error().message);
        return;
      }
      call.out.ints()[row] = compiled->Matches(call.arguments[0].String(row)) ? 1 : 0;
    });
  };
}

Kernel RegexReplace(const model::Type& type) {
  return [type, cache = std::make_shared<PatternCache>()](const KernelCall& call) {
    ForEachNotNull(call, [&](size_t row) {
      const std::string_view text = call.arguments[0].String(row);
      const std::string pattern(call.arguments[1].String(row));
      const int64_t start = call.arguments.size() > 3 ? call.arguments[3].Int(row) : 1;
      const int64_t occurrence = call.arguments.size() > 4 ? call.arguments[4].Int(row) : 0;
      const auto& compiled =
          cache->Get(pattern, [&] { return RegularExpression::Create(pattern); });
      if (!compiled || start < 1 || occurrence < 0) {
        call.Fail(row, compiled ? fmt::format("REGEX_REPLACE from {} for occurrence {}", start,
                                              occurrence)
                                : compiled.error().message);
        return;
      }
      const std::string replaced =
          compiled->Replace(text, call.arguments[2].String(row), OffsetOf(text, start - 1),
                            static_cast<size_t>(occurrence));
      call.out.strings()[row] = CutTo(call.evaluation.arena.Add(replaced), type);
    });
  };
}

}  // namespace

Kernel MakeTextKernel(const sql::Expression& call) {
  switch (call.function) {
    case Function::kLike:
      return Like();
    case Function::kSimilarTo:
      return SimilarTo();
    case Function::kConcat:
      return Concat(call.type);
    case Function::kLower:
      return MapBytes(
          [](std::string_view from, char* into) { std::ranges::transform(from, into, Lower); });
    case Function::kUpper:
      return MapBytes(
          [](std::string_view from, char* into) { std::ranges::transform(from, into, Upper); });
    case Function::kInitcap:
      return Initcap();
    case Function::kCharLength:
      return CharLength();
    case Function::kSubstring:
      return Substring();
    case Function::kPosition:
      return Position();
    case Function::kTrimBoth:
      return Trim(true, true);
    case Function::kTrimLeading:
      return Trim(true, false);
    case Function::kTrimTrailing:
      return Trim(false, true);
    case Function::kOverlay:
      return Overlay(call.type);
    case Function::kRegexReplace:
      return RegexReplace(call.type);
    default:
      return nullptr;
  }
}

}  // namespace weir::stream
