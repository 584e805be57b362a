#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "stack/problem.h"

namespace weir::stack {

struct Member;

/// A value of a template with its place in the file. Short-form intrinsics (`!Ref A`) are read as
/// their long form
/// (`{Ref: A}`).
struct Node {
  enum class Kind : uint8_t {
    kNull,
    kScalar,
    kList,
    kMap,
    kNoValue,  ///< AWS::NoValue: as if it were not written.
    kBroken,   ///< Could not be evaluated; the problem is recorded, nothing more is said about it.
  };

  Kind kind = Kind::kNull;
  std::string text;     ///< Of a scalar.
  bool quoted = false;  ///< A scalar in quotes or a block: text, whatever it looks like.
  Position at;
  std::vector<Node> items;
  std::vector<Member> members;  ///< In the file's order, no key twice.

  bool IsScalar() const { return kind == Kind::kScalar; }

  bool IsList() const { return kind == Kind::kList; }

  bool IsMap() const { return kind == Kind::kMap; }

  /// The member's value, or null.
  const Node* Find(std::string_view key) const;
  const Member* FindMember(std::string_view key) const;

  /// "text", "a list", "a map" or "nothing", for messages.
  std::string_view KindName() const;
};

struct Member {
  std::string key;
  Position at;  ///< Of the key.
  Node value;
};

/// A scalar made by an intrinsic at `at`.
Node TextNode(std::string text, Position at);

inline constexpr size_t kMaxTemplateBytes = 1 << 20;
inline constexpr size_t kMaxTemplateNodes = 100'000;
inline constexpr int kMaxTemplateDepth = 64;

/// Reads YAML or JSON. Problems (syntax, a key twice, too large, too deep) go to `problems`; the
/// node is then empty.
Node LoadYaml(std::string_view text, Problems& problems);

}  // namespace weir::stack
