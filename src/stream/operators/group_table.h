#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "model/column_batch.h"
#include "model/types.h"
#include "stream/expressions/vector.h"
#include "stream/operators/aggregates.h"

namespace weir::stream {

// Open windows by their key values, oldest first.
//
// Windows of one pump close in the order in which they opened (all stagger windows have the same
// RANGE; tumbling windows follow ROWTIME). So groups live in a ring: a new one at the end, the next
// to close at the front, each addressed by a running number, its sequence. A hash table with linear
// probing holds (hash tag, sequence) in 8 bytes a slot; one cache line answers most probes.
//
// A group is a row of 64-bit words:
//
//   close time | tag | key words ... | long-text pointers ... | state words ...
//
// Key words: one with a bit per NULL key, then one per number, three per text: for text of at most
// 16 bytes two words that overlap-load all of it, and its size, so that equal words mean equal
// text; for longer text the first 8 bytes, a 64-bit hash, and its size, and the bytes are compared
// behind the pointer. Rows of a batch are staged in the same form column by column, so that finding
// a group compares a few words and calls nothing.
//
// Not thread-safe.
class GroupTable {
 public:
  static constexpr uint64_t kFull = ~uint64_t{0};
  static constexpr size_t kMaxKeyColumns = 64;

  // CHECKs at most kMaxKeyColumns keys; max_groups is at most 2^30.
  GroupTable(std::vector<model::Type> key_types, size_t state_words, size_t max_groups);
  ~GroupTable();
  GroupTable(const GroupTable&) = delete;
  GroupTable& operator=(const GroupTable&) = delete;

  // Takes the keys of the given rows of a batch; the vectors' text must live until the next call.
  void Stage(std::span<const Vector> keys, std::span<const uint32_t> rows);

  // The group of staged row `k`: its sequence, or kFull when it is new and there is no room.
  // A new group has close time `close_if_new()` and zeroed state.
  template <typename F>
  uint64_t FindOrAdd(size_t k, F&& close_if_new) {
    Prefetch(k);
    size_t slot = 0;
    const uint64_t found = Find(k, slot);
    return found != kFull ? found : Add(k, slot, close_if_new());
  }

  size_t size() const { return static_cast<size_t>(end_ - first_); }

  uint64_t first() const { return first_; }

  uint64_t end() const { return end_; }

  int64_t CloseOf(uint64_t sequence) const { return static_cast<int64_t>(Row(sequence)[0]); }

  uint64_t* State(uint64_t sequence) { return Row(sequence) + state_offset_; }

  const uint64_t* State(uint64_t sequence) const { return Row(sequence) + state_offset_; }

  // Where the states of the given groups are; valid until the next group is added.
  StateRun States(std::span<const uint64_t> groups) {
    return {.base = rows_.data() + state_offset_,
            .mask = row_mask_,
            .stride = stride_,
            .groups = groups};
  }

  // Appends the group's key values to `columns`; text is copied to `arena`.
  void AppendKeys(uint64_t sequence, std::span<model::Column> columns,
                  model::StringArena& arena) const;

  // Forgets the first group.
  void PopFront();

 private:
  static constexpr size_t kPrefetchDistance = 16;
  static constexpr size_t kHeaderWords = 2;

  uint64_t* Row(uint64_t sequence) { return rows_.data() + (sequence & row_mask_) * stride_; }

  const uint64_t* Row(uint64_t sequence) const {
    return rows_.data() + (sequence & row_mask_) * stride_;
  }

  // Fetches the slot of a row some way ahead, and the group that the slot of a nearer row names.
  void Prefetch(size_t k) const {
    if (k + kPrefetchDistance < tags_.size()) {
      __builtin_prefetch(slots_.data() + (Home(tags_[k + kPrefetchDistance]) & slot_mask_));
      const uint64_t slot = slots_[Home(tags_[k + kPrefetchDistance / 2]) & slot_mask_];
      const uint64_t* row = rows_.data() + (slot & row_mask_) * stride_;
      __builtin_prefetch(row);
      __builtin_prefetch(row + stride_ - 1);
    }
  }

  static size_t Home(uint32_t tag) { return tag >> 1; }

  uint64_t Find(size_t k, size_t& slot) const;
  bool SameKey(const uint64_t* row, const uint64_t* staged) const;
  uint64_t Add(size_t k, size_t slot, int64_t close);
  void Grow();
  void StageNumbers(const Vector& key, size_t column, std::span<const uint32_t> rows);
  void StageText(const Vector& key, size_t column, std::span<const uint32_t> rows);
  void FreeText(uint64_t* row);

  struct KeyColumn {
    model::Type type;
    size_t word = 0;     // Within the key words.
    size_t pointer = 0;  // Within key words + pointers; text only.
  };

  std::vector<KeyColumn> keys_;
  std::vector<KeyColumn> text_keys_;
  size_t key_words_ = 0;
  size_t staged_words_ = 0;  // Key words and pointers.
  size_t state_offset_ = 0;
  size_t stride_ = 0;
  size_t max_groups_;

  std::vector<uint64_t> rows_;
  uint64_t row_mask_ = 0;
  uint64_t first_ = 0;
  uint64_t end_ = 0;

  // Tag in the upper half (never 0), sequence's lower half below; 0: empty.
  std::vector<uint64_t> slots_;
  uint64_t slot_mask_ = 0;

  std::vector<uint64_t> staged_;
  std::vector<uint32_t> tags_;
};

}  // namespace weir::stream
