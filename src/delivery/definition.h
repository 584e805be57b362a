#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "catalog/catalog.h"
#include "delivery/delivery.h"
#include "lake/prefix.h"
#include "model/record.h"

namespace weir::delivery {

// Consecutive source records that become one object (and one of failed records).
struct ObjectRange {
  uint32_t shard = 0;
  model::Sequence first;
  model::Sequence last;
  model::Rowtime oldest_arrival;
  model::Rowtime newest_arrival;
};

// Where the records of a range go.
struct ObjectPlace {
  std::string key;
  std::string error_key;
  std::map<std::string, std::string> partition;
};

// A definition that has been checked, with its prefixes parsed and its table named.
class CheckedDefinition {
 public:
  // kInvalidArgument, naming the property and the remedy, when the definition cannot work.
  static base::Result<CheckedDefinition> Check(DeliveryDefinition definition);

  const DeliveryDefinition& definition() const { return definition_; }

  // The table that the objects make up: lower-case columns, partition keys of the prefix.
  const catalog::Table& table() const { return table_; }

  ObjectPlace PlaceOf(const ObjectRange& range) const;

 private:
  CheckedDefinition(DeliveryDefinition definition, lake::PrefixExpression prefix,
                    lake::PrefixExpression error_prefix)
      : definition_(std::move(definition)),
        prefix_(std::move(prefix)),
        error_prefix_(std::move(error_prefix)) {}

  base::Result<void> BuildTable();
  std::string_view Extension() const;

  DeliveryDefinition definition_;
  lake::PrefixExpression prefix_;
  lake::PrefixExpression error_prefix_;
  catalog::Table table_;
};

// The error type in error prefixes: the only one that Weir's deliveries can have.
inline constexpr std::string_view kErrorType = "format-conversion-failed";

}  // namespace weir::delivery
