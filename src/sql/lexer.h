#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sql/source.h"

namespace weir::sql {

enum class TokenKind : uint8_t {
  kWord,    ///< Unquoted identifier or keyword; text is upper-cased.
  kQuoted,  ///< "identifier", without quotes, case kept.
  kNumber,  ///< Unsigned, exactly as written.
  kString,  ///< 'text', without quotes.
  kSymbol,
  kEnd,
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::string text;
  size_t position = 0;  ///< First byte in the source.
  size_t end = 0;       ///< Behind the last byte.
};

inline constexpr size_t kMaxIdentifierCharacters = 128;

/// Splits the program into tokens, the last of which is kEnd. Comments are `--` and `//` to the end
/// of the line, and `/* */`.
base::Result<std::vector<Token>> Tokenize(const Source& source);

/// True for words that cannot name a column, stream or pump without quotes.
bool IsReservedWord(std::string_view upper_case_word);

}  // namespace weir::sql
