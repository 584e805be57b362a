#include "dashboard/dashboard.h"

#include <utility>

#include "auth/sigv4_authorization.h"
#include "dashboard/query_route.h"
#include "dashboard/refresher.h"
#include "dashboard/web_routes.h"
#include "net/blocking_pool.h"

namespace weir::dashboard {
namespace {

/// One for each query that runs or waits, and one that tells the next that these are too many.
constexpr int kQueryThreads = query::kMaxRunningQueries + query::kMaxWaitingQueries + 1;

class ConversionDashboard : public Dashboard {
 public:
  ConversionDashboard(query::QueryService& queries, auth::Gate& gate, base::Clock& clock,
                      PipelineProbe probe, net::Response to_signed)
      : queries_(queries),
        gate_(gate),
        to_signed_(std::move(to_signed)),
        refresher_(queries, clock, std::move(probe)) {
    refresher_.Start();
  }

  void Register(net::HttpServer& server) override {
    const auto web_file = [](const net::Request& request,
                             std::unique_ptr<net::Responder> responder) {
      responder->Send(AnswerWebFile(request));
    };
    server.Route(
        "GET", "/", [this](const net::Request& request, std::unique_ptr<net::Responder> responder) {
          responder->Send(auth::ClaimsSignature(request) ? to_signed_ : AnswerWebFile(request));
        });
    server.Route("GET", "/assets/{rest...}", web_file);
    RouteOn(dataset_thread_, server, "GET", "/v1/dashboards/conversion",
            [this](const net::Request&) { return AnswerDataset(); });
    server.RouteEvents("/v1/dashboards/conversion/events",
                       [this](net::Request request, std::shared_ptr<net::EventStream> stream) {
                         refresher_.AddListener(std::move(stream), MayStill(std::move(request)));
                       });
    RouteOn(query_threads_, server, "POST", "/v1/query", [this](const net::Request& request) {
      const auto identity = gate_.Check(request, auth::Action::kQuery);
      return identity.has_value() ? AnswerQuery(queries_, *identity, request)
                                  : gate_.Refused(identity.error(), request);
    });
  }

  void Stop() override {
    refresher_.Stop();
    dataset_thread_.Stop();
    query_threads_.Stop();
  }

 private:
  using Answer = std::function<net::Response(const net::Request&)>;

  /// Queries can take long, so they have threads of their own: those of the server's blocking
  /// routes stay free for others.
  static void RouteOn(net::BlockingPool& threads, net::HttpServer& server, std::string_view method,
                      std::string_view pattern, Answer answer) {
    server.Route(
        method, pattern,
        [&threads, answer = std::make_shared<const Answer>(std::move(answer))](
            net::Request request, std::unique_ptr<net::Responder> responder) {
          net::Responder* const waiting = responder.get();
          std::move_only_function<void()> job = [answer, request = std::move(request),
                                                 responder = std::move(responder)] {
            responder->Send((*answer)(request));
          };
          if (!threads.Run(job)) {
            waiting->Send(net::ErrorResponse(
                {base::Code::kUnavailable, "too many queries wait already; try again later"}));
          }
        },
        kMaxQueryBody);
  }

  MayListen MayStill(net::Request request) {
    return [this, request = std::move(request)] {
      return gate_.StillMay(request, auth::Action::kViewDashboard);
    };
  }

  net::Response AnswerDataset() {
    auto json = refresher_.ReadNow();
    if (!json.has_value()) {
      return net::ErrorResponse(json.error());
    }
    net::Response response;
    response.headers = {{"Cache-Control", "no-store"}, {"X-Content-Type-Options", "nosniff"}};
    response.body = std::move(*json);
    return response;
  }

  query::QueryService& queries_;
  auth::Gate& gate_;
  const net::Response to_signed_;
  Refresher refresher_;
  net::BlockingPool dataset_thread_{1};  // One refresh at a time, so one thread waits for it.
  net::BlockingPool query_threads_{kQueryThreads};
};

}  // namespace

base::Result<std::unique_ptr<Dashboard>> Dashboard::Create(query::QueryService& queries,
                                                           auth::Gate& gate, base::Clock& clock,
                                                           PipelineProbe probe,
                                                           net::Response to_signed) {
  return std::make_unique<ConversionDashboard>(queries, gate, clock, std::move(probe),
                                               std::move(to_signed));
}

}  // namespace weir::dashboard
