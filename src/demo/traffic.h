#pragma once

/// The door of the demo room: plausible clicks and orders with a known ground truth, from a seed.
/// Pure: no clock, no files, no sockets.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/random.h"
#include "base/result.h"

namespace weir::demo {

/// An ad: how often it is clicked compared with the others, and how many of its clicks become an
/// order.
struct Promotion {
  std::string id;           ///< 1..128 characters
  double weight = 1;        ///< > 0
  double conversion = 0.1;  ///< 0..1
};

/// Twelve promotions, P601..P708: strong, middling, weak, and one that nobody orders from.
std::vector<Promotion> DefaultPromotions();

/// Share of clicks by device; the rest is "desktop".
struct DeviceMix {
  double mobile = 0.58;
  double tablet = 0.09;
};

struct TrafficOptions {
  uint64_t seed = 1;
  std::vector<Promotion> promotions = DefaultPromotions();
  DeviceMix devices;
  /// Time of the first record, milliseconds since 1970.
  int64_t start_millis = 0;
  /// Mean clicks a second (of every event type) over a day; the day's curve moves it between 0.35
  /// and 1.65 of it.
  double clicks_per_second = 100;
  bool day_curve = true;
  /// Clicks on other parts of the page (checkout, search, …), which no promotion counts.
  double other_share = 0.3;
  /// Records that are sent twice.
  double duplicate_share = 0;
  /// Records whose Timestamp is up to 5 s before that of records sent earlier.
  double out_of_order_share = 0;
  /// Records that are sent 1 to 30 minutes after their Timestamp.
  double late_share = 0;
  /// Order ids are this and a number from 1.
  std::string order_id_prefix = "o";
  /// Time between a click and its order, at most.
  int64_t order_delay_millis = 90'000;
};

/// kInvalidArgument when a share is outside 0..1, a weight or rate is not positive, or there is no
/// promotion.
base::Result<void> CheckOptions(const TrafficOptions& options);

enum class RecordKind : uint8_t { kClick, kOrder };

/// One record to send.
struct GeneratedRecord {
  RecordKind kind = RecordKind::kClick;
  int64_t at_millis = 0;      ///< When it is sent; never goes back.
  std::string partition_key;  ///< The user.
  std::string data;           ///< One JSON object, no newline.
};

/// What was really sent for one promotion and UTC date of the records' own Timestamp.
struct TruthRow {
  uint64_t clicks = 0;  ///< Without duplicates, as the others.
  uint64_t clicks_sent = 0;
  uint64_t orders = 0;  ///< Orders with at least one line of the promotion.
  uint64_t lines = 0;
  uint64_t units = 0;
  int64_t revenue_cents = 0;
  uint64_t lines_sent = 0;  ///< With duplicated orders, as the next two.
  uint64_t units_sent = 0;
  int64_t revenue_cents_sent = 0;

  friend bool operator==(const TruthRow&, const TruthRow&) = default;
};

/// Everything that was sent, counted independently of the engine.
struct Truth {
  /// By (date "2026-11-22", promotion).
  std::map<std::pair<std::string, std::string>, TruthRow> rows;
  uint64_t records = 0;
  uint64_t duplicates = 0;
  uint64_t out_of_order = 0;
  uint64_t late = 0;
  uint64_t other_clicks = 0;

  /// Orders × 100 / clicks per promotion over all dates are in the last column of the text.
  std::string ToText() const;
  std::string ToJson() const;
};

/// An endless, deterministic sequence of records: the same options give the same bytes. Holds at
/// most the orders of the clicks of `order_delay_millis`, and the late records of 30 minutes. Not
/// thread-safe.
class Traffic {
 public:
  /// `options` must have passed CheckOptions.
  explicit Traffic(TrafficOptions options);

  /// The next record in the order of sending.
  GeneratedRecord Next();

  /// What the records that Next has returned amount to.
  Truth truth() const;

 private:
  /// What one record adds to the truth when it is sent.
  struct Account {
    int promotion = -1;  ///< Position in the options; -1 for clicks of other types.
    int64_t timestamp = 0;
    TruthRow adds;
    bool duplicate = false;
    bool out_of_order = false;
    bool late = false;
  };

  struct Pending {
    GeneratedRecord record;
    Account account;
    uint64_t tie = 0;  ///< Records of one moment are sent in the order of their making.
  };

  static bool Later(const Pending& a, const Pending& b) {
    return std::pair(a.record.at_millis, a.tie) > std::pair(b.record.at_millis, b.tie);
  }

  double RateAt(int64_t millis) const;
  void MakeClick();
  void MakeOrder(int promotion, std::string_view user, int64_t clicked_millis);
  /// Moves timestamp and sending apart as the shares say.
  void Disturb(Account& account, GeneratedRecord& record);
  /// Queues the record, and perhaps its duplicate.
  void Queue(GeneratedRecord record, Account account);
  void Push(GeneratedRecord record, const Account& account);
  void Count(const Account& account);
  int PickPromotion();

  TrafficOptions options_;
  base::Random random_;
  std::vector<double> cumulative_weights_;
  std::vector<std::string> escaped_ids_;  ///< As they stand in JSON text.
  double next_click_millis_;
  uint64_t next_order_ = 1;
  uint64_t next_tie_ = 0;
  std::vector<Pending> pending_;  ///< A heap, the next to send first.
  /// By (day since 1970, position of the promotion).
  std::map<std::pair<int64_t, int>, TruthRow> counted_;
  Truth totals_;  ///< Without rows.
};

}  // namespace weir::demo
