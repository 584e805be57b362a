#include "ingest/browser/browser_door.h"

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "base/random.h"
#include "crypto/digest.h"
#include "ingest/browser/address_limiter.h"
#include "ingest/browser/device.h"
#include "ingest/browser/event.h"
#include "ingest/browser/script.h"
#include "ingest/browser/sources.h"
#include "ingest/door_metrics.h"
#include "ingest/order_record.h"
#include "ingest/stream_names.h"
#include "json/row_encoder.h"

namespace weir::ingest {
namespace {

using base::Code;
using browser::Event;
using browser::Source;

constexpr size_t kMaxBodyBytes = 64 << 10;
constexpr size_t kEtagDigits = 16;

// A transparent picture of one pixel.
constexpr unsigned char kPixel[] = {
    0x47, 0x49, 0x46, 0x38, 0x39, 0x61, 0x01, 0x00, 0x01, 0x00, 0x80, 0x00, 0x00, 0x00, 0x00,
    0x00, 0xFF, 0xFF, 0xFF, 0x21, 0xF9, 0x04, 0x01, 0x00, 0x00, 0x00, 0x00, 0x2C, 0x00, 0x00,
    0x00, 0x00, 0x01, 0x00, 0x01, 0x00, 0x00, 0x02, 0x02, 0x44, 0x01, 0x00, 0x3B};

// Why a request was not looked into, as a label of weir_browser_refused_requests_total.
enum class Refusal : uint8_t { kOff, kOrigin, kRate, kOptedOut, kPrefetched };
constexpr std::string_view kRefusalNames[] = {"off", "origin", "rate", "opted_out", "prefetched"};

net::Response PixelResponse() {
  return {
      .content_type = "image/gif",
      .body = std::string(reinterpret_cast<const char*>(kPixel), sizeof(kPixel)),
      .headers = {{"cache-control", "no-store"}, {"cross-origin-resource-policy", "cross-origin"}}};
}

// The person asks not to be followed (Do Not Track, Global Privacy Control).
bool OptedOut(const net::Request& request) {
  return request.Header("dnt") == "1" || request.Header("sec-gpc") == "1";
}

// The browser loads a page that nobody has seen yet.
bool Prefetched(const net::Request& request) {
  return request.Header("sec-purpose").find("prefetch") != std::string_view::npos ||
         request.Header("purpose") == "prefetch";
}

net::Response WithOrigin(net::Response response, std::string_view origin) {
  response.headers.emplace_back("access-control-allow-origin", origin);
  response.headers.emplace_back("vary", "origin");
  return response;
}

net::Response TooMany() {
  net::Response response = net::ErrorResponse(
      {Code::kLimitExceeded, fmt::format("more than {} requests a second from this address",
                                         browser::AddressLimiter::kPerSecond)});
  response.status = 429;
  response.headers.emplace_back("retry-after", "5");
  return response;
}

// What became of one request's events.
struct Stored {
  size_t accepted = 0;
  size_t duplicates = 0;
  std::optional<base::Error> failure;
};

// Gathers that from the streams that the events go to.
struct Gathering {
  std::mutex mutex;
  size_t waiting = 0;  // Streams that have not answered.
  Stored stored;
  std::move_only_function<void(const Stored&)> done;
};

class BrowserDoor {
 public:
  BrowserDoor(const DoorParts& parts, browser::Sources sources)
      : parts_(parts),
        sources_(std::move(sources)),
        limiter_(parts.clock),
        metrics_(parts.metrics, "browser"),
        etag_(fmt::format("\"{}\"",
                          crypto::Hex(crypto::Sha256(browser::Script())).substr(0, kEtagDigits))) {
    for (const std::string_view name : kRefusalNames) {
      refused_.push_back(
          &parts.metrics.GetCounter("weir_browser_refused_requests_total",
                                    "Requests of browsers that were not looked into, by reason.",
                                    {{"reason", std::string(name)}}));
    }
  }

  void AnswerScript(const net::Request& request, net::Responder& responder) {
    if (sources_.empty()) {
      return responder.Send(Off());
    }
    net::Response response;
    response.content_type = "text/javascript; charset=utf-8";
    response.headers = {{"cache-control", "public, max-age=3600"},
                        {"etag", etag_},
                        {"access-control-allow-origin", "*"},
                        {"cross-origin-resource-policy", "cross-origin"}};
    if (request.Header("if-none-match") == etag_) {
      response.status = 304;
    } else {
      response.body = browser::Script();
    }
    responder.Send(std::move(response));
  }

  void AnswerPreflight(const net::Request& request, net::Responder& responder) {
    const std::string_view origin = request.Header("origin");
    if (sources_.Find(origin) == nullptr) {
      return responder.Send(sources_.empty() ? Off() : WrongOrigin(origin));
    }
    responder.Send(WithOrigin({.status = 204,
                               .content_type = "",
                               .body = {},
                               .headers = {{"access-control-allow-methods", "POST"},
                                           {"access-control-allow-headers", "content-type"},
                                           {"access-control-max-age", "86400"}}},
                              origin));
  }

  void Collect(const net::Request& request, std::unique_ptr<net::Responder> responder) {
    const std::string origin(request.Header("origin"));
    const Source* const source = sources_.Find(origin);
    if (source == nullptr) {
      return responder->Send(sources_.empty() ? Off() : WrongOrigin(origin));
    }
    if (!limiter_.Take(request.remote)) {
      return responder->Send(WithOrigin(Refuse(Refusal::kRate, TooMany()), origin));
    }
    if (const auto quiet = NotToCount(request)) {
      return responder->Send(WithOrigin(
          Refuse(*quiet, {.body = "{\"accepted\":0,\"opted_out\":true}\n", .headers = {}}),
          origin));
    }
    auto beacon = browser::ReadBeacon(request.body);
    if (!beacon) {
      metrics_.malformed.Add();
      return responder->Send(WithOrigin(net::ErrorResponse(beacon.error()), origin));
    }
    std::string rejected;
    const std::vector<Event> events =
        Read(*beacon, *source, VisitOf(request, beacon->user), rejected);
    Store(*source, events,
          [responder = std::move(responder), rejected = std::move(rejected),
           origin](const Stored& result) {
            if (result.failure) {
              return responder->Send(WithOrigin(net::ErrorResponse(*result.failure), origin));
            }
            responder->Send(WithOrigin(
                {.body = fmt::format("{{\"accepted\":{},\"duplicates\":{},\"rejected\":[{}]}}\n",
                                     result.accepted, result.duplicates, rejected),
                 .headers = {}},
                origin));
          });
  }

  void AnswerPixel(const net::Request& request, std::unique_ptr<net::Responder> responder) {
    const std::string_view origin = OriginOfPixel(request);
    const Source* const source = origin.empty() ? sources_.WithoutReferer() : sources_.Find(origin);
    if (source == nullptr) {
      return responder->Send(sources_.empty() ? Off() : WrongOrigin(origin));
    }
    if (request.method == "HEAD") {
      return responder->Send(PixelResponse());
    }
    if (!limiter_.Take(request.remote)) {
      return responder->Send(Refuse(Refusal::kRate, TooMany()));
    }
    if (const auto quiet = NotToCount(request)) {
      return responder->Send(Refuse(*quiet, PixelResponse()));
    }
    auto event = ReadPixel(request, *source);
    if (!event) {
      metrics_.malformed.Add();
      return responder->Send(net::ErrorResponse(event.error()));
    }
    Store(*source, {*event}, [responder = std::move(responder)](const Stored& result) {
      responder->Send(result.failure ? net::ErrorResponse(*result.failure) : PixelResponse());
    });
  }

 private:
  net::Response Refuse(Refusal why, net::Response response) {
    refused_[static_cast<size_t>(why)]->Add();
    return response;
  }

  net::Response Off() {
    return Refuse(Refusal::kOff, net::ErrorResponse({Code::kNotFound,
                                                     "the browser door is off: name the origins "
                                                     "of your pages in a Weir::BrowserSource"}));
  }

  // Readable for the page, so that its author can see why.
  net::Response WrongOrigin(std::string_view origin) {
    return Refuse(
        Refusal::kOrigin,
        WithOrigin(net::ErrorResponse(
                       {Code::kPermission,
                        origin.empty() ? std::string("the request names no origin (a pixel: no "
                                                     "Referer); a Weir::BrowserSource may allow "
                                                     "that with PixelsWithoutReferer")
                                       : fmt::format("origin '{}' is not in AllowedOrigins of any "
                                                     "Weir::BrowserSource",
                                                     origin.substr(0, 255))}),
                   "*"));
  }

  static std::optional<Refusal> NotToCount(const net::Request& request) {
    if (OptedOut(request)) {
      return Refusal::kOptedOut;
    }
    return Prefetched(request) ? std::optional(Refusal::kPrefetched) : std::nullopt;
  }

  browser::Visit VisitOf(const net::Request& request, std::string user) {
    return {.now_millis = parts_.clock.WallMillis(),
            .device = browser::DeviceClass(request.Header("user-agent"),
                                           request.Header("sec-ch-ua-mobile")),
            .user = std::move(user)};
  }

  static std::string_view OriginOfPixel(const net::Request& request) {
    const std::string_view origin = request.Header("origin");
    return origin.empty() ? browser::OriginOf(request.Header("referer")) : origin;
  }

  static base::Result<Event> ReadOne(const json::Value& value, const Source& source,
                                     const browser::Visit& visit) {
    ASSIGN_OR_RETURN(Event event, browser::ReadEvent(value, visit));
    if (event.is_order && source.order_stream.empty()) {
      return base::Fail(Code::kInvalidArgument,
                        "orders are not taken from browsers: the Weir::BrowserSource has no "
                        "OrderStream");
    }
    return event;
  }

  // The good events; what is wrong with the others goes to `rejected`.
  std::vector<Event> Read(const browser::Beacon& beacon, const Source& source,
                          const browser::Visit& visit, std::string& rejected) {
    std::vector<Event> events;
    for (size_t i = 0; i < beacon.events.size(); ++i) {
      auto event = ReadOne(beacon.events[i], source, visit);
      if (event) {
        events.push_back(*std::move(event));
        continue;
      }
      metrics_.malformed.Add();
      fmt::format_to(std::back_inserter(rejected),
                     "{}{{\"event\":{},\"error\":", rejected.empty() ? "" : ",", i);
      json::AppendQuoted(event.error().message, rejected);
      rejected.push_back('}');
    }
    return events;
  }

  // ?promotion=P[&click=ID] or ?order=ID&lines=JSON[&clicks=JSON], and &user=.
  base::Result<Event> ReadPixel(const net::Request& request, const Source& source) {
    json::Value event = json::Value::Object();
    std::string user;
    for (const auto& [name, text] : request.query) {
      if (name == "user") {
        ASSIGN_OR_RETURN(user, ReadField(json::Value(text), "user"));
      } else if (name == "lines" || name == "clicks") {
        ASSIGN_OR_RETURN(json::Value list, json::Parse(text));
        event.Set(name, std::move(list));
      } else {
        event.Set(name == "click" ? "id" : name, text);
      }
    }
    const bool order = event.Find("order") != nullptr;
    event.Set("type", order ? "order" : "click");
    if (!order && event.Find("id") == nullptr) {
      event.Set("id", base::SystemRandomHex(16));
    }
    return ReadOne(event, source, VisitOf(request, std::move(user)));
  }

  void Store(const Source& source, const std::vector<Event>& events,
             std::move_only_function<void(const Stored&)> done) {
    auto gathering = std::make_shared<Gathering>();
    gathering->done = std::move(done);
    std::vector<log::Entry> clicks;
    std::vector<log::Entry> orders;
    for (const Event& event : events) {
      (event.is_order ? orders : clicks)
          .push_back({.partition_key = event.partition_key,
                      .explicit_hash_key = {},
                      .data = event.data,
                      .arrival = {}});
    }
    gathering->waiting = 1 + (clicks.empty() ? 0 : 1) + (orders.empty() ? 0 : 1);
    Append(source.click_stream, clicks, gathering);
    Append(source.order_stream, orders, gathering);
    Finish(*gathering, {});
  }

  void Append(const std::string& name, const std::vector<log::Entry>& entries,
              const std::shared_ptr<Gathering>& gathering) {
    if (entries.empty()) {
      return;
    }
    log::Stream* const stream = parts_.log.Find(name);
    if (stream == nullptr) {
      metrics_.failed.Add(static_cast<double>(entries.size()));
      return Finish(*gathering, {.failure = UnknownStream(parts_.log, name)});
    }
    size_t bytes = 0;
    for (const log::Entry& entry : entries) {
      bytes += entry.data.size();
    }
    parts_.intake.Append(*stream, entries,
                         [this, gathering, bytes, count = entries.size()](IntakeOutcome outcome) {
                           Finish(*gathering, Count(std::move(outcome), count, bytes));
                         });
  }

  Stored Count(IntakeOutcome outcome, size_t count, size_t bytes) {
    Stored part{.accepted = count - outcome.refused.size() - outcome.duplicates,
                .duplicates = outcome.duplicates,
                .failure = {}};
    if (!outcome.refused.empty()) {
      part.failure = std::move(outcome.refused.front().second);
    }
    metrics_.failed.Add(static_cast<double>(outcome.refused.size()));
    metrics_.accepted.Add(static_cast<double>(part.accepted));
    metrics_.bytes.Add(part.accepted == count ? static_cast<double>(bytes) : 0);
    metrics_.duplicate.Add(static_cast<double>(part.duplicates));
    return part;
  }

  static void Finish(Gathering& gathering, Stored part) {
    {
      const std::lock_guard lock(gathering.mutex);
      gathering.stored.accepted += part.accepted;
      gathering.stored.duplicates += part.duplicates;
      if (part.failure) {
        gathering.stored.failure = std::move(part.failure);
      }
      if (--gathering.waiting > 0) {
        return;
      }
    }
    gathering.done(gathering.stored);
  }

  DoorParts parts_;
  const browser::Sources sources_;
  browser::AddressLimiter limiter_;
  DoorMetrics metrics_;
  const std::string etag_;
  std::vector<base::Counter*> refused_;
};

}  // namespace

base::Result<void> RegisterBrowser(net::HttpServer& server, const DoorParts& parts) {
  ASSIGN_OR_RETURN(browser::Sources sources, browser::Sources::Read(parts.catalog));
  const auto door = std::make_shared<BrowserDoor>(parts, std::move(sources));
  server.Route("GET", "/weir.js",
               [door](const net::Request& request, std::unique_ptr<net::Responder> responder) {
                 door->AnswerScript(request, *responder);
               });
  server.Route("GET", "/p.gif",
               [door](const net::Request& request, std::unique_ptr<net::Responder> responder) {
                 door->AnswerPixel(request, std::move(responder));
               });
  server.RouteForPages(
      "OPTIONS", "/v1/collect",
      [door](const net::Request& request, std::unique_ptr<net::Responder> responder) {
        door->AnswerPreflight(request, *responder);
      });
  server.RouteForPages(
      "POST", "/v1/collect",
      [door](const net::Request& request, std::unique_ptr<net::Responder> responder) {
        door->Collect(request, std::move(responder));
      },
      kMaxBodyBytes);
  return {};
}

}  // namespace weir::ingest
