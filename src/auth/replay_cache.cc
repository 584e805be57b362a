#include "auth/replay_cache.h"

#include <cstring>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"

namespace weir::auth {
namespace {

using Waiting = std::vector<std::unique_ptr<net::Responder>>;

constexpr std::string_view kSignature = "Signature=";

size_t BytesOf(const net::Response& response) {
  size_t bytes = sizeof response + response.body.size();
  for (const auto& [name, value] : response.headers) {
    bytes += name.size() + value.size() + sizeof(std::pair<std::string, std::string>);
  }
  return bytes;
}

/// Half of a signature: enough to tell a secret key's signatures apart.
using Mark = unsigned __int128;

Mark MarkOf(std::string_view signature) {
  Mark mark = 0;
  const auto bytes = base::FromHex(signature.substr(0, 2 * sizeof mark));
  CHECK(bytes.has_value() && bytes->size() == sizeof mark);
  std::memcpy(&mark, bytes->data(), sizeof mark);
  return mark;
}

struct MarkHash {
  size_t operator()(Mark mark) const { return static_cast<size_t>(mark); }
};

std::unexpected<SignatureRefusal> Refuse(const char* message) {
  return std::unexpected(SignatureRefusal{"InvalidSignatureException", message});
}

}  // namespace

std::string_view SignatureIn(const net::Request& request) {
  const std::string_view header = request.Header("authorization");
  const size_t at = header.find(kSignature);
  if (at == std::string_view::npos) {
    return {};
  }
  const std::string_view rest = header.substr(at + kSignature.size());
  return rest.substr(0, rest.find_first_of(", "));
}

/// What is known of each signature: who waits while the first request runs, then its answer. Those
/// with an answer stand in a queue, from which they are forgotten; those that run are as few as the
/// requests that the server takes at once.
class ReplayCache::Memory {
 public:
  Memory(base::Clock& clock, base::Metrics* metrics, const Limits& limits)
      : clock_(clock), limits_(limits) {
    if (metrics != nullptr) {
      answered_ = &metrics->GetCounter(
          "weir_auth_replayed_requests_total",
          "Signed requests that arrived again, by what they got: the first answer, or a refusal "
          "because it is known no longer.",
          {{"result", "answered"}});
      refused_ =
          &metrics->GetCounter("weir_auth_replayed_requests_total", "", {{"result", "refused"}});
    }
  }

  enum class Found : uint8_t { kNew, kAnswered, kWaits, kForgotten, kCrowded };

  /// Takes `responder` when it waits; fills in `answer` when there is one.
  Found Look(Mark mark, std::unique_ptr<net::Responder>& responder,
             std::optional<net::Response>& answer) {
    const std::lock_guard lock(mutex_);
    const int64_t now = clock_.MonotonicNanos() / 1'000'000;
    Forget(now, limits_.signatures - (known_.contains(mark) ? 0 : 1));
    const auto [found, is_new] = known_.try_emplace(mark);
    State& state = found->second;
    if (is_new) {
      state.waiting = std::make_unique<Waiting>();
      return Found::kNew;
    }
    if (state.waiting != nullptr) {
      if (state.waiting->size() == limits_.waiting) {
        Count(refused_);
        return Found::kCrowded;
      }
      Count(answered_);
      state.waiting->push_back(std::move(responder));
      return Found::kWaits;
    }
    if (state.answer == nullptr) {
      Count(refused_);
      return Found::kForgotten;
    }
    Count(answered_);
    answer = *state.answer;
    return Found::kAnswered;
  }

  /// The answer of the first, or nothing when there is none to keep; who waits for it.
  Waiting Finish(Mark mark, const net::Response* answer) {
    const std::lock_guard lock(mutex_);
    const auto found = known_.find(mark);
    CHECK(found != known_.end());
    State& state = found->second;
    Waiting waiting = std::move(*state.waiting);
    if (answer == nullptr) {
      known_.erase(found);
      return waiting;
    }
    state.waiting.reset();
    state.answer = std::make_unique<net::Response>(*answer);
    bytes_ += BytesOf(*answer);
    answered_marks_.emplace_back(clock_.MonotonicNanos() / 1'000'000 + kKeepMillis, mark);
    while (bytes_ > limits_.answer_bytes) {
      DropAnswer(known_.find(answered_marks_[dropped_++].second)->second);
    }
    return waiting;
  }

 private:
  struct State {
    std::unique_ptr<Waiting> waiting;  ///< While the first is not answered.
    std::unique_ptr<net::Response> answer;
  };

  static void Count(base::Counter* counter) {
    if (counter != nullptr) {
      counter->Add();
    }
  }

  void DropAnswer(State& state) {
    bytes_ -= BytesOf(*state.answer);
    state.answer.reset();
  }

  /// Those answered that are too old, or too many.
  void Forget(int64_t now, size_t most) {
    while (!answered_marks_.empty() &&
           (answered_marks_.front().first <= now || known_.size() > most)) {
      const auto oldest = known_.find(answered_marks_.front().second);
      if (dropped_ > 0) {
        --dropped_;
      } else {
        DropAnswer(oldest->second);
      }
      known_.erase(oldest);
      answered_marks_.pop_front();
    }
  }

  base::Clock& clock_;
  const Limits limits_;
  base::Counter* answered_ = nullptr;
  base::Counter* refused_ = nullptr;

  std::mutex mutex_;
  std::unordered_map<Mark, State, MarkHash> known_;
  /// In the order of their answers, with the time at which each ends.
  std::deque<std::pair<int64_t, Mark>> answered_marks_;
  size_t dropped_ = 0;  ///< So many of them, the oldest, have no answer any more.
  size_t bytes_ = 0;    ///< Of the answers of the others.
};

/// Answers the first request and all that wait for its answer.
class ReplayCache::Recorder : public net::Responder {
 public:
  Recorder(std::shared_ptr<Memory> memory, Mark mark, std::unique_ptr<net::Responder> responder)
      : memory_(std::move(memory)), mark_(mark), responder_(std::move(responder)) {}

  ~Recorder() override {
    if (!finished_) {
      memory_->Finish(mark_, nullptr);
    }
  }

  void Send(net::Response response) override {
    finished_ = true;
    const bool keep = response.had_effect.value_or(response.status == 200);
    const Waiting waiting = memory_->Finish(mark_, keep ? &response : nullptr);
    for (const std::unique_ptr<net::Responder>& other : waiting) {
      other->Send(response);
    }
    responder_->Send(std::move(response));
  }

  std::shared_ptr<net::ResponseStream> Stream(net::Response head) override {
    return responder_->Stream(std::move(head));
  }

 private:
  const std::shared_ptr<Memory> memory_;
  const Mark mark_;
  const std::unique_ptr<net::Responder> responder_;
  bool finished_ = false;
};

ReplayCache::ReplayCache(base::Clock& clock, base::Metrics* metrics, const Limits& limits)
    : memory_(std::make_shared<Memory>(clock, metrics, limits)) {}

ReplayCache::~ReplayCache() = default;

std::expected<std::unique_ptr<net::Responder>, SignatureRefusal> ReplayCache::Admit(
    std::string_view signature, std::unique_ptr<net::Responder>& responder) {
  const Mark mark = MarkOf(signature);
  std::optional<net::Response> answer;
  switch (memory_->Look(mark, responder, answer)) {
    case Memory::Found::kNew:
      return std::make_unique<Recorder>(memory_, mark, std::move(responder));
    case Memory::Found::kAnswered:
      responder->Send(*std::move(answer));
      responder.reset();
      return nullptr;
    case Memory::Found::kWaits:
      return nullptr;
    case Memory::Found::kForgotten:
      return Refuse(
          "A request with this signature was answered already, and its answer is not kept any "
          "longer. Sign the request anew to send it again.");
    case Memory::Found::kCrowded:
      break;
  }
  return Refuse(
      "Too many requests with this signature wait for the answer of the first. Sign the request "
      "anew to send it again.");
}

}  // namespace weir::auth
