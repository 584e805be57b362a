#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "json/document.h"
#include "stack/node.h"
#include "stack/problem.h"

namespace weir::stack {

struct Property;

/// What a property's value must look like.
struct Shape {
  enum class Kind : uint8_t { kText, kInteger, kNumber, kBoolean, kList, kObject, kAnything };

  Kind kind = Kind::kText;
  /// Text: bytes. Integer, number: value. List: items.
  double min = 0;
  double max = 0;
  bool name_characters = false;           ///< Text: only [a-zA-Z0-9_.-].
  std::vector<std::string_view> allowed;  ///< Text: one of these, when there are any.
  std::vector<Property> properties;       ///< Object.
  std::vector<Shape> element;             ///< List: exactly one.

  /// "text", "whole number 1..128", "one of GZIP, UNCOMPRESSED", for messages and documents.
  std::string ToString() const;
};

struct Property {
  enum class Use : uint8_t {
    kOptional,
    kRequired,
    kIgnored,  ///< Real templates carry it; it means nothing here, and the plan says so.
    kRefused,  ///< Known, but not offered: `note` says what to do instead.
  };

  std::string_view name;
  Shape shape;
  Use use = Use::kOptional;
  std::string_view note;
};

/// A type of resource.
struct ResourceType {
  std::string_view name;  ///< "AWS::Kinesis::Stream"
  std::string_view summary;
  /// Where its name stands, for example "DatabaseInput.Name"; "" when its name is its logical id.
  std::string_view name_property;
  /// "arn:aws:kinesis:{region}:{account}:stream/{name}"; "" when it has none.
  std::string_view arn;
  std::vector<Property> properties;
  bool ignored = false;  ///< Accepted because real templates carry it, without effect.
};

/// All types, by name.
const std::vector<ResourceType>& ResourceTypes();
const ResourceType* FindResourceType(std::string_view name);

/// `node` as JSON with the types of `shape`. What does not fit is recorded with its path; ignored
/// properties add a line to `notes`.
json::Value CheckShape(const Shape& shape, const Node& node, const std::string& path,
                       Problems& problems, std::vector<std::string>& notes);

/// The same for the properties of an object at `at`.
json::Value CheckProperties(const std::vector<Property>& properties, const Node& node,
                            const std::string& path, Position at, Problems& problems,
                            std::vector<std::string>& notes);

}  // namespace weir::stack
