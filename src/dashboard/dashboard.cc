#include "dashboard/dashboard.h"

#include <utility>

#include "auth/sigv4_authorization.h"
#include "dashboard/query_route.h"
#include "dashboard/refresher.h"
#include "dashboard/web_routes.h"
#include "net/blocking_pool.h"

namespace weir::dashboard {
namespace {

/// Those that run and those that wait, each in its thread.
constexpr int kMaxQueries = query::kMaxRunningQueries + query::kMaxWaitingQueries;
/// They share one refresh, so this is only what waits for it.
constexpr size_t kMaxDatasets = 256;

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
    server.RouteBlocking(
        "GET", "/v1/dashboards/conversion",
        [this](const net::Request&, std::unique_ptr<net::Responder> responder) {
          responder->Send(AnswerDataset());
        },
        kMaxQueryBody, &dataset_thread_);
    server.RouteEvents("/v1/dashboards/conversion/events",
                       [this](net::Request request, std::shared_ptr<net::EventStream> stream) {
                         refresher_.AddListener(std::move(stream), MayStill(std::move(request)));
                       });
    server.RouteBlocking(
        "POST", "/v1/query",
        [this](const net::Request& request, std::unique_ptr<net::Responder> responder) {
          const auto identity = gate_.Check(request, auth::Action::kQuery);
          responder->Send(identity.has_value() ? AnswerQuery(queries_, *identity, request)
                                               : gate_.Refused(identity.error(), request));
        },
        kMaxQueryBody, &query_threads_);
  }

  void Stop() override {
    refresher_.Stop();
    dataset_thread_.Stop();
    query_threads_.Stop();
  }

 private:
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
  // Queries can take long, so they have threads of their own: those of the server's blocking routes
  // stay free for others.
  net::BlockingPool dataset_thread_{1, kMaxDatasets, "datasets"};  // One refresh at a time.
  net::BlockingPool query_threads_{kMaxQueries, kMaxQueries, "queries"};
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
