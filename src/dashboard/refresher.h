#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "dashboard/conversion_dataset.h"
#include "dashboard/dashboard.h"
#include "net/http_server.h"
#include "query/query.h"

namespace weir::dashboard {

/// Whether a listener may go on listening; asked about each second.
using MayListen = std::function<bool()>;

/// Keeps the conversion dataset current while someone listens, and tells the listeners.
/// Thread-safe.
class Refresher {
 public:
  /// Further listeners are told to come back later.
  static constexpr size_t kMaxListeners = 1'000;

  Refresher(query::QueryService& queries, base::Clock& clock, PipelineProbe probe);
  ~Refresher();

  /// Starts the thread that refreshes; without it Step does the work (tests).
  void Start();
  void Stop();

  /// The listener gets the dataset at once when there is one, then what changes.
  void AddListener(std::shared_ptr<net::EventStream> stream, MayListen may_listen);

  /// Refreshes now and returns the dataset's JSON.
  base::Result<std::string> ReadNow();

  /// Refreshes and tells the listeners what is new to them; does nothing without listeners.
  void Step();

 private:
  struct Listener {
    std::shared_ptr<net::EventStream> stream;
    MayListen may_listen;
    int64_t asked_nanos = 0;  ///< When may_listen was asked last.
    uint64_t sent = 0;        ///< Sequence of the dataset that it has; 0 for none.
    int64_t last_beat_nanos = 0;
    std::string failure;
  };

  /// The dataset as of now; datasets and their numbers change only in here.
  base::Result<void> Refresh();
  void Tell(const base::Result<void>& refreshed);
  void DropListeners();
  void Work();
  Moment Now() const;

  query::QueryService& queries_;
  base::Clock& clock_;
  PipelineProbe probe_;

  std::mutex refresh_mutex_;  ///< One refresh at a time; taken before mutex_.
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Listener> listeners_;
  std::optional<ConversionDataset> dataset_;
  uint64_t sequence_ = 0;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace weir::dashboard
