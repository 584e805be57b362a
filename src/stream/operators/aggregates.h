#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/bytes.h"
#include "model/column_batch.h"
#include "sql/plan.h"
#include "stream/expressions/vector.h"

namespace weir::stream {

// Where the states of one aggregate are for a run of rows: row k of the run belongs to group
// groups[k].
struct StateRun {
  uint64_t* base = nullptr;  // First word of this aggregate in ring position 0.
  uint64_t mask = 0;
  size_t stride = 0;
  std::span<const uint64_t> groups;

  uint64_t* At(size_t k) const { return base + (groups[k] & mask) * stride; }
};

// One aggregate function over one physical type. Its state is a few words of a group's row; all
// zero means that no row was seen. NULL arguments are ignored, except by COUNT(*).
class Aggregator {
 public:
  virtual ~Aggregator() = default;

  virtual size_t words() const = 0;

  // Adds rows[k] of the batch to state k.
  virtual void Update(const Vector& argument, std::span<const uint32_t> rows,
                      const StateRun& states) = 0;

  // Appends the result to `out`, text copied to `arena`; a message when the result's type cannot
  // hold it.
  virtual std::optional<std::string> Finish(const uint64_t* state, model::Column& out,
                                            model::StringArena& arena) const = 0;

  // Gives back what the state owns.
  virtual void Release(uint64_t* /*state*/) {}

  virtual void Save(const uint64_t* state, base::ByteWriter& writer) const;
  // False when the bytes are no such state.
  virtual bool Load(uint64_t* state, base::ByteReader& reader);
};

// `distinct_values` counts the values that DISTINCT aggregates hold; it must outlive the
// aggregator.
std::unique_ptr<Aggregator> MakeAggregator(const sql::Aggregate& aggregate,
                                           size_t* distinct_values);

}  // namespace weir::stream
