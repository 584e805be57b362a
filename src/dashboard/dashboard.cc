#include "dashboard/dashboard.h"

#include <utility>

#include "dashboard/query_route.h"
#include "dashboard/refresher.h"
#include "dashboard/web_routes.h"

namespace weir::dashboard {
namespace {

class ConversionDashboard : public Dashboard {
 public:
  ConversionDashboard(query::QueryService& queries, auth::Gate& gate, base::Clock& clock,
                      PipelineProbe probe)
      : queries_(queries), gate_(gate), refresher_(queries, clock, std::move(probe)) {
    refresher_.Start();
  }

  void Register(net::HttpServer& server) override {
    const auto web_file = [](net::Request request, std::unique_ptr<net::Responder> responder) {
      responder->Send(AnswerWebFile(request));
    };
    server.Route("GET", "/", web_file);
    server.Route("GET", "/assets/{rest...}", web_file);
    server.RouteBlocking("GET", "/v1/dashboards/conversion",
                         [this](net::Request, std::unique_ptr<net::Responder> responder) {
                           responder->Send(AnswerDataset());
                         });
    server.RouteEvents("/v1/dashboards/conversion/events",
                       [this](net::Request request, std::shared_ptr<net::EventStream> stream) {
                         refresher_.AddListener(std::move(stream), MayStill(std::move(request)));
                       });
    server.RouteBlocking(
        "POST", "/v1/query",
        [this](net::Request request, std::unique_ptr<net::Responder> responder) {
          const auto identity = gate_.Check(request, auth::Action::kQuery);
          responder->Send(identity.has_value() ? AnswerQuery(queries_, *identity, request)
                                               : gate_.Refused(identity.error(), request));
        },
        kMaxQueryBody);
  }

  void Stop() override { refresher_.Stop(); }

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
  Refresher refresher_;
};

}  // namespace

base::Result<std::unique_ptr<Dashboard>> Dashboard::Create(query::QueryService& queries,
                                                           auth::Gate& gate, base::Clock& clock,
                                                           PipelineProbe probe) {
  return std::make_unique<ConversionDashboard>(queries, gate, clock, std::move(probe));
}

}  // namespace weir::dashboard
