#include "stream/operators/aggregates.h"

#include <bit>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "base/format.h"
#include "stream/expressions/number.h"
#include "stream/operators/batch_codec.h"
#include "stream/operators/distinct_set.h"

namespace weir::stream {

namespace {

using sql::AggregateFunction;

class CountStar : public Aggregator {
 public:
  size_t words() const override { return 1; }

  void Update(const Vector& /*argument*/, std::span<const uint32_t> rows,
              const StateRun& states) override {
    for (size_t k = 0; k < rows.size(); ++k) {
      ++*states.At(k);
    }
  }

  std::optional<std::string> Finish(const uint64_t* state, model::Column& out,
                                    model::StringArena& /*arena*/) const override {
    AppendInt(out, static_cast<int64_t>(*state));
    return std::nullopt;
  }
};

class Count : public CountStar {
 public:
  void Update(const Vector& argument, std::span<const uint32_t> rows,
              const StateRun& states) override {
    if (argument.nulls == nullptr) {
      CountStar::Update(argument, rows, states);
      return;
    }
    for (size_t k = 0; k < rows.size(); ++k) {
      *states.At(k) += argument.IsNull(rows[k]) ? 0 : 1;
    }
  }
};

// SUM and AVG of integers and decimals: 128 bits hold the sum of any 2^63 values, so that only the
// result can be out of range, whatever the order of the rows. Words: sum low, sum high, count.
class ExactSum : public Aggregator {
 public:
  ExactSum(model::Type from, model::Type to, bool average)
      : from_(from), to_(to), average_(average) {}

  size_t words() const override { return 3; }

  void Update(const Vector& argument, std::span<const uint32_t> rows,
              const StateRun& states) override {
    for (size_t k = 0; k < rows.size(); ++k) {
      if (argument.IsNull(rows[k])) {
        continue;
      }
      uint64_t* state = states.At(k);
      Int128 sum = 0;
      std::memcpy(&sum, state, sizeof sum);
      sum += argument.Int(rows[k]);
      std::memcpy(state, &sum, sizeof sum);
      ++state[2];
    }
  }

  std::optional<std::string> Finish(const uint64_t* state, model::Column& out,
                                    model::StringArena& /*arena*/) const override {
    if (state[2] == 0) {
      AppendNull(out);
      return std::nullopt;
    }
    Int128 sum = 0;
    std::memcpy(&sum, state, sizeof sum);
    const std::optional<int64_t> value = Result(sum, static_cast<Int128>(state[2]));
    if (!value) {
      AppendNull(out);
      return fmt::format("{} out of range of {}", average_ ? "AVG" : "SUM", to_.ToString());
    }
    AppendInt(out, *value);
    return std::nullopt;
  }

 private:
  std::optional<int64_t> Result(Int128 sum, Int128 count) const {
    std::optional<Int128> scaled = Rescale(sum, ScaleOf(from_), ScaleOf(to_));
    if (!scaled) {
      return std::nullopt;
    }
    if (average_) {
      scaled =
          to_.kind == model::TypeKind::kDecimal ? DivideRounded(*scaled, count) : *scaled / count;
    }
    return FitInteger(*scaled, to_);
  }

  model::Type from_;
  model::Type to_;
  bool average_;
};

// Words: the sum's bits, count.
class FloatingSum : public Aggregator {
 public:
  FloatingSum(model::Type to, bool average) : to_(to), average_(average) {}

  size_t words() const override { return 2; }

  void Update(const Vector& argument, std::span<const uint32_t> rows,
              const StateRun& states) override {
    for (size_t k = 0; k < rows.size(); ++k) {
      if (!argument.IsNull(rows[k])) {
        uint64_t* state = states.At(k);
        state[0] =
            std::bit_cast<uint64_t>(std::bit_cast<double>(state[0]) + argument.Double(rows[k]));
        ++state[1];
      }
    }
  }

  std::optional<std::string> Finish(const uint64_t* state, model::Column& out,
                                    model::StringArena& /*arena*/) const override {
    if (state[1] == 0) {
      AppendNull(out);
      return std::nullopt;
    }
    const auto sum = std::bit_cast<double>(state[0]);
    const double value = RoundToType(average_ ? sum / static_cast<double>(state[1]) : sum, to_);
    if (!(value - value == 0)) {
      AppendNull(out);
      return fmt::format("{} out of range of {}", average_ ? "AVG" : "SUM", to_.ToString());
    }
    AppendDouble(out, value);
    return std::nullopt;
  }

 private:
  model::Type to_;
  bool average_;
};

// Which of two values stays: MIN, MAX, FIRST_VALUE, LAST_VALUE.
template <AggregateFunction kFunction, typename T>
bool Replaces(const T& candidate, const T& held) {
  if constexpr (kFunction == AggregateFunction::kMin) {
    return candidate < held;
  } else if constexpr (kFunction == AggregateFunction::kMax) {
    return candidate > held;
  } else {
    return kFunction == AggregateFunction::kLastValue;
  }
}

// Words: the value's bits, 1 if there is one.
template <AggregateFunction kFunction, typename T>
class KeptNumber : public Aggregator {
 public:
  size_t words() const override { return 2; }

  void Update(const Vector& argument, std::span<const uint32_t> rows,
              const StateRun& states) override {
    for (size_t k = 0; k < rows.size(); ++k) {
      if (argument.IsNull(rows[k])) {
        continue;
      }
      uint64_t* state = states.At(k);
      T candidate{};
      if constexpr (std::is_same_v<T, double>) {
        candidate = argument.Double(rows[k]);
      } else {
        candidate = argument.Int(rows[k]);
      }
      if (state[1] == 0 || Replaces<kFunction>(candidate, std::bit_cast<T>(state[0]))) {
        state[0] = std::bit_cast<uint64_t>(candidate);
        state[1] = 1;
      }
    }
  }

  std::optional<std::string> Finish(const uint64_t* state, model::Column& out,
                                    model::StringArena& /*arena*/) const override {
    if (state[1] == 0) {
      AppendNull(out);
    } else if constexpr (std::is_same_v<T, double>) {
      AppendDouble(out, std::bit_cast<double>(state[0]));
    } else {
      AppendInt(out, static_cast<int64_t>(state[0]));
    }
    return std::nullopt;
  }
};

// Word: pointer to an own std::string, 0 if there is none.
template <AggregateFunction kFunction>
class KeptText : public Aggregator {
 public:
  size_t words() const override { return 1; }

  void Update(const Vector& argument, std::span<const uint32_t> rows,
              const StateRun& states) override {
    for (size_t k = 0; k < rows.size(); ++k) {
      if (argument.IsNull(rows[k])) {
        continue;
      }
      const std::string_view candidate = argument.String(rows[k]);
      uint64_t* state = states.At(k);
      if (*state == 0) {
        *state = std::bit_cast<uint64_t>(new std::string(candidate));
      } else if (Replaces<kFunction>(candidate, std::string_view(*Text(state)))) {
        Text(state)->assign(candidate);
      }
    }
  }

  std::optional<std::string> Finish(const uint64_t* state, model::Column& out,
                                    model::StringArena& arena) const override {
    if (*state == 0) {
      AppendNull(out);
    } else {
      AppendText(out, arena.Add(*Text(state)));
    }
    return std::nullopt;
  }

  void Release(uint64_t* state) override { delete Text(state); }

  void Save(const uint64_t* state, base::ByteWriter& writer) const override {
    writer.U8(*state == 0 ? 0 : 1);
    if (*state != 0) {
      writer.String(*Text(state));
    }
  }

  bool Load(uint64_t* state, base::ByteReader& reader) override {
    if (reader.U8() != 0) {
      *state = std::bit_cast<uint64_t>(new std::string(reader.String()));
    }
    return reader.ok();
  }

 private:
  static std::string* Text(const uint64_t* state) { return std::bit_cast<std::string*>(*state); }
};

// Passes each value of a group on once. Words: pointer to an own set, then the inner state.
class Distinct : public Aggregator {
 public:
  Distinct(std::unique_ptr<Aggregator> inner, model::Physical physical, size_t* values)
      : inner_(std::move(inner)), physical_(physical), values_(values) {}

  size_t words() const override { return 1 + inner_->words(); }

  void Update(const Vector& argument, std::span<const uint32_t> rows,
              const StateRun& states) override {
    for (size_t k = 0; k < rows.size(); ++k) {
      if (argument.IsNull(rows[k])) {
        continue;
      }
      uint64_t* state = states.At(k);
      if (*state == 0) {
        *state = std::bit_cast<uint64_t>(new DistinctSet);
      }
      if (InsertValue(*Set(state), argument, rows[k])) {
        ++*values_;
        StateRun one = states;
        one.base += 1;
        one.groups = states.groups.subspan(k, 1);
        inner_->Update(argument, rows.subspan(k, 1), one);
      }
    }
  }

  std::optional<std::string> Finish(const uint64_t* state, model::Column& out,
                                    model::StringArena& arena) const override {
    return inner_->Finish(state + 1, out, arena);
  }

  void Release(uint64_t* state) override {
    *values_ -= *state == 0 ? 0 : Set(state)->size();
    delete Set(state);
    inner_->Release(state + 1);
  }

  void Save(const uint64_t* state, base::ByteWriter& writer) const override {
    writer.U8(*state == 0 ? 0 : 1);
    if (*state != 0) {
      Set(state)->Save(writer);
    }
    inner_->Save(state + 1, writer);
  }

  bool Load(uint64_t* state, base::ByteReader& reader) override {
    if (reader.U8() != 0) {
      *state = std::bit_cast<uint64_t>(new DistinctSet);
      const bool loaded = Set(state)->Load(reader);
      *values_ += Set(state)->size();
      if (!loaded) {
        return false;
      }
    }
    return inner_->Load(state + 1, reader);
  }

 private:
  static DistinctSet* Set(const uint64_t* state) { return std::bit_cast<DistinctSet*>(*state); }

  bool InsertValue(DistinctSet& set, const Vector& argument, size_t row) const {
    if (physical_ == model::Physical::kString) {
      return set.Insert(argument.String(row));
    }
    const double floating = physical_ == model::Physical::kDouble ? argument.Double(row) + 0.0 : 0;
    const uint64_t word = physical_ == model::Physical::kDouble
                              ? std::bit_cast<uint64_t>(floating)
                              : static_cast<uint64_t>(argument.Int(row));
    return set.Insert({reinterpret_cast<const char*>(&word), sizeof word});
  }

  std::unique_ptr<Aggregator> inner_;
  model::Physical physical_;
  size_t* values_;
};

template <AggregateFunction kFunction>
std::unique_ptr<Aggregator> MakeKept(model::Physical physical) {
  switch (physical) {
    case model::Physical::kInt64:
      return std::make_unique<KeptNumber<kFunction, int64_t>>();
    case model::Physical::kDouble:
      return std::make_unique<KeptNumber<kFunction, double>>();
    case model::Physical::kString:
      return std::make_unique<KeptText<kFunction>>();
  }
  return nullptr;
}

std::unique_ptr<Aggregator> MakePlain(const sql::Aggregate& aggregate) {
  if (aggregate.function == AggregateFunction::kCountStar) {
    return std::make_unique<CountStar>();
  }
  const model::Type from = aggregate.argument->type;
  const bool average = aggregate.function == AggregateFunction::kAvg;
  switch (aggregate.function) {
    case AggregateFunction::kCountStar:
    case AggregateFunction::kCount:
      return std::make_unique<Count>();
    case AggregateFunction::kSum:
    case AggregateFunction::kAvg:
      if (from.physical() == model::Physical::kDouble) {
        return std::make_unique<FloatingSum>(aggregate.type, average);
      }
      return std::make_unique<ExactSum>(from, aggregate.type, average);
    case AggregateFunction::kMin:
      return MakeKept<AggregateFunction::kMin>(from.physical());
    case AggregateFunction::kMax:
      return MakeKept<AggregateFunction::kMax>(from.physical());
    case AggregateFunction::kFirstValue:
      return MakeKept<AggregateFunction::kFirstValue>(from.physical());
    case AggregateFunction::kLastValue:
      return MakeKept<AggregateFunction::kLastValue>(from.physical());
  }
  return nullptr;
}

}  // namespace

void Aggregator::Save(const uint64_t* state, base::ByteWriter& writer) const {
  for (size_t word = 0; word < words(); ++word) {
    writer.U64(state[word]);
  }
}

bool Aggregator::Load(uint64_t* state, base::ByteReader& reader) {
  for (size_t word = 0; word < words(); ++word) {
    state[word] = reader.U64();
  }
  return reader.ok();
}

std::unique_ptr<Aggregator> MakeAggregator(const sql::Aggregate& aggregate,
                                           size_t* distinct_values) {
  std::unique_ptr<Aggregator> plain = MakePlain(aggregate);
  CHECK_NOTE(plain != nullptr, aggregate.ToString());
  if (aggregate.distinct && aggregate.argument) {
    return std::make_unique<Distinct>(std::move(plain), aggregate.argument->type.physical(),
                                      distinct_values);
  }
  return plain;
}

}  // namespace weir::stream
