#include "stream/operators/group_table.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "base/random.h"
#include "stream/operators/batch_codec.h"

namespace weir::stream {

namespace {

constexpr size_t kFirstRows = 256;
constexpr size_t kInlineText = 16;
constexpr uint64_t kHashFactor = 0xD6E8FEB86659FD93ull;

// Keys come from strangers: another seed in every process keeps them from choosing colliding ones.
// Results do not depend on it.
uint64_t HashSeed() {
  static const uint64_t seed = base::SystemSeed();
  return seed;
}

uint64_t Mix(uint64_t hash, uint64_t word) {
  const auto product = static_cast<unsigned __int128>(hash ^ word) * kHashFactor;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

uint64_t Load64(const char* at) {
  uint64_t word = 0;
  std::memcpy(&word, at, sizeof word);
  return word;
}

uint64_t Load32(const char* at) {
  uint32_t word = 0;
  std::memcpy(&word, at, sizeof word);
  return word;
}

uint64_t HashLongText(std::string_view text) {
  uint64_t hash = HashSeed() ^ text.size();
  size_t at = 0;
  for (; at + 8 <= text.size(); at += 8) {
    hash = Mix(hash, Load64(text.data() + at));
  }
  return Mix(hash, Load64(text.data() + text.size() - 8));
}

// The two words that stand for a text, see the head of the header.
struct TextWords {
  uint64_t a = 0;
  uint64_t b = 0;
};

TextWords WordsOf(std::string_view text) {
  const char* data = text.data();
  const size_t size = text.size();
  if (size > kInlineText) {
    return {Load64(data), HashLongText(text)};
  }
  if (size >= 8) {
    return {Load64(data), Load64(data + size - 8)};
  }
  if (size >= 4) {
    return {Load32(data) | Load32(data + size - 4) << 32, 0};
  }
  if (size > 0) {
    const auto byte = [&](size_t at) {
      return static_cast<uint64_t>(static_cast<unsigned char>(data[at]));
    };
    return {byte(0) | byte(size / 2) << 8 | byte(size - 1) << 16, 0};
  }
  return {};
}

// The reverse of WordsOf for text of at most kInlineText bytes.
void RestoreText(TextWords words, size_t size, char* into) {
  if (size >= 8) {
    std::memcpy(into, &words.a, 8);
    std::memcpy(into + size - 8, &words.b, 8);
  } else if (size >= 4) {
    const auto high = static_cast<uint32_t>(words.a >> 32);
    std::memcpy(into, &words.a, 4);
    std::memcpy(into + size - 4, &high, 4);
  } else if (size > 0) {
    into[0] = static_cast<char>(words.a);
    into[size / 2] = static_cast<char>(words.a >> 8);
    into[size - 1] = static_cast<char>(words.a >> 16);
  }
}

// One bit pattern for equal numbers.
uint64_t DoubleWord(double value) {
  if (value == 0) {
    return 0;
  }
  return std::isnan(value) ? 0x7FF8000000000000ull : std::bit_cast<uint64_t>(value);
}

const char* PointerOf(uint64_t word) {
  return std::bit_cast<const char*>(word);
}

}  // namespace

GroupTable::GroupTable(std::vector<model::Type> key_types, size_t state_words, size_t max_groups)
    : max_groups_(std::min<size_t>(max_groups, size_t{1} << 30)) {
  CHECK(key_types.size() <= kMaxKeyColumns);
  size_t word = 1;
  for (const model::Type& type : key_types) {
    keys_.push_back({.type = type, .word = word});
    word += type.physical() == model::Physical::kString ? 3 : 1;
  }
  key_words_ = word;
  for (KeyColumn& key : keys_) {
    if (key.type.physical() == model::Physical::kString) {
      key.pointer = word++;
      text_keys_.push_back(key);
    }
  }
  staged_words_ = word;
  state_offset_ = kHeaderWords + staged_words_;
  stride_ = state_offset_ + state_words;
  rows_.resize(kFirstRows * stride_);
  row_mask_ = kFirstRows - 1;
  slots_.resize(kFirstRows * 2);
  slot_mask_ = slots_.size() - 1;
}

GroupTable::~GroupTable() {
  for (uint64_t sequence = first_; sequence < end_; ++sequence) {
    FreeText(Row(sequence));
  }
}

void GroupTable::FreeText(uint64_t* row) {
  for (const KeyColumn& key : text_keys_) {
    delete[] PointerOf(row[kHeaderWords + key.pointer]);
  }
}

void GroupTable::StageNumbers(const Vector& key, size_t column, std::span<const uint32_t> rows) {
  uint64_t* into = staged_.data() + keys_[column].word;
  const bool floating = keys_[column].type.physical() == model::Physical::kDouble;
  for (const uint32_t row : rows) {
    *into = floating ? DoubleWord(key.Double(row)) : static_cast<uint64_t>(key.Int(row));
    into += staged_words_;
  }
}

void GroupTable::StageText(const Vector& key, size_t column, std::span<const uint32_t> rows) {
  const size_t pointer = keys_[column].pointer - keys_[column].word;
  uint64_t* into = staged_.data() + keys_[column].word;
  for (const uint32_t row : rows) {
    const std::string_view text = key.String(row);
    const TextWords words = WordsOf(text);
    into[0] = words.a;
    into[1] = words.b;
    into[2] = text.size();
    into[pointer] = std::bit_cast<uint64_t>(text.data());
    into += staged_words_;
  }
}

void GroupTable::Stage(std::span<const Vector> keys, std::span<const uint32_t> rows) {
  const size_t count = rows.size();
  staged_.resize(count * staged_words_);
  tags_.resize(count);
  for (size_t k = 0; k < count; ++k) {
    staged_[k * staged_words_] = 0;
  }
  for (size_t column = 0; column < keys_.size(); ++column) {
    if (keys_[column].type.physical() == model::Physical::kString) {
      StageText(keys[column], column, rows);
    } else {
      StageNumbers(keys[column], column, rows);
    }
    if (keys[column].nulls == nullptr) {
      continue;
    }
    const size_t words = keys_[column].type.physical() == model::Physical::kString ? 3 : 1;
    for (size_t k = 0; k < count; ++k) {
      if (keys[column].IsNull(rows[k])) {
        uint64_t* staged = staged_.data() + k * staged_words_;
        staged[0] |= uint64_t{1} << column;
        std::fill_n(staged + keys_[column].word, words, 0);
      }
    }
  }
  const uint64_t* staged = staged_.data();
  const uint64_t seed = HashSeed();
  for (size_t k = 0; k < count; ++k, staged += staged_words_) {
    uint64_t hash = seed;
    for (size_t word = 0; word < key_words_; ++word) {
      hash = Mix(hash + kHashFactor, staged[word]);
    }
    tags_[k] = static_cast<uint32_t>(hash >> 32) | 1;
  }
}

bool GroupTable::SameKey(const uint64_t* row, const uint64_t* staged) const {
  const uint64_t* key = row + kHeaderWords;
  uint64_t difference = 0;
  for (size_t word = 0; word < key_words_; ++word) {
    difference |= key[word] ^ staged[word];
  }
  if (difference != 0) {
    return false;
  }
  for (const KeyColumn& text : text_keys_) {
    const uint64_t size = staged[text.word + 2];
    if (size > kInlineText &&
        std::memcmp(PointerOf(key[text.pointer]), PointerOf(staged[text.pointer]), size) != 0) {
      return false;
    }
  }
  return true;
}

uint64_t GroupTable::Find(size_t k, size_t& slot) const {
  const uint32_t tag = tags_[k];
  const uint64_t* staged = staged_.data() + k * staged_words_;
  for (slot = Home(tag) & slot_mask_; slots_[slot] != 0; slot = (slot + 1) & slot_mask_) {
    if (static_cast<uint32_t>(slots_[slot] >> 32) != tag) {
      continue;
    }
    // The ring holds fewer than 2^32 groups, so the lower half names one of them.
    const uint64_t sequence = first_ + static_cast<uint32_t>(static_cast<uint32_t>(slots_[slot]) -
                                                             static_cast<uint32_t>(first_));
    if (SameKey(Row(sequence), staged)) {
      return sequence;
    }
  }
  return kFull;
}

uint64_t GroupTable::Add(size_t k, size_t slot, int64_t close) {
  if (size() >= max_groups_) {
    return kFull;
  }
  if (size() > row_mask_) {
    Grow();
    Find(k, slot);
  }
  const uint64_t sequence = end_++;
  uint64_t* row = Row(sequence);
  const uint64_t* staged = staged_.data() + k * staged_words_;
  row[0] = static_cast<uint64_t>(close);
  row[1] = tags_[k];
  std::copy_n(staged, staged_words_, row + kHeaderWords);
  for (const KeyColumn& text : text_keys_) {
    const uint64_t size = staged[text.word + 2];
    char* copy = nullptr;
    if (size > kInlineText) {
      copy = new char[size];
      std::memcpy(copy, PointerOf(staged[text.pointer]), size);
    }
    row[kHeaderWords + text.pointer] = std::bit_cast<uint64_t>(copy);
  }
  std::fill_n(row + state_offset_, stride_ - state_offset_, 0);
  slots_[slot] = static_cast<uint64_t>(tags_[k]) << 32 | static_cast<uint32_t>(sequence);
  return sequence;
}

void GroupTable::Grow() {
  const size_t capacity = (row_mask_ + 1) * 2;
  std::vector<uint64_t> rows(capacity * stride_);
  slots_.assign(capacity * 2, 0);
  slot_mask_ = slots_.size() - 1;
  for (uint64_t sequence = first_; sequence < end_; ++sequence) {
    const uint64_t* row = Row(sequence);
    std::copy_n(row, stride_, rows.data() + (sequence & (capacity - 1)) * stride_);
    const auto tag = static_cast<uint32_t>(row[1]);
    size_t slot = Home(tag) & slot_mask_;
    while (slots_[slot] != 0) {
      slot = (slot + 1) & slot_mask_;
    }
    slots_[slot] = static_cast<uint64_t>(tag) << 32 | static_cast<uint32_t>(sequence);
  }
  rows_ = std::move(rows);
  row_mask_ = capacity - 1;
}

void GroupTable::PopFront() {
  CHECK(first_ < end_);
  uint64_t* row = Row(first_);
  const uint64_t entry = row[1] << 32 | static_cast<uint32_t>(first_);
  size_t hole = Home(static_cast<uint32_t>(row[1])) & slot_mask_;
  while (slots_[hole] != entry) {
    hole = (hole + 1) & slot_mask_;
  }
  // Close the hole: entries behind it that may stand earlier move forward, so that no probe stops
  // short.
  for (size_t at = (hole + 1) & slot_mask_; slots_[at] != 0; at = (at + 1) & slot_mask_) {
    const size_t home = Home(static_cast<uint32_t>(slots_[at] >> 32)) & slot_mask_;
    if (((at - home) & slot_mask_) >= ((at - hole) & slot_mask_)) {
      slots_[hole] = slots_[at];
      hole = at;
    }
  }
  slots_[hole] = 0;
  FreeText(row);
  ++first_;
}

void GroupTable::AppendKeys(uint64_t sequence, std::span<model::Column> columns,
                            model::StringArena& arena) const {
  const uint64_t* key = Row(sequence) + kHeaderWords;
  for (size_t i = 0; i < keys_.size(); ++i) {
    const uint64_t* word = key + keys_[i].word;
    if ((key[0] >> i & 1) != 0) {
      AppendNull(columns[i]);
      continue;
    }
    switch (keys_[i].type.physical()) {
      case model::Physical::kInt64:
        AppendInt(columns[i], static_cast<int64_t>(word[0]));
        break;
      case model::Physical::kDouble:
        AppendDouble(columns[i], std::bit_cast<double>(word[0]));
        break;
      case model::Physical::kString: {
        const size_t size = word[2];
        char* into = arena.Allocate(size);
        if (size > kInlineText) {
          std::memcpy(into, PointerOf(key[keys_[i].pointer]), size);
        } else {
          RestoreText({word[0], word[1]}, size, into);
        }
        AppendText(columns[i], {into, size});
        break;
      }
    }
  }
}

}  // namespace weir::stream
