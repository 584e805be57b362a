#include "dashboard/dashboard.h"

#include <utility>

#include "dashboard/query_route.h"
#include "dashboard/refresher.h"
#include "dashboard/web_routes.h"

namespace weir::dashboard {
namespace {

class ConversionDashboard : public Dashboard {
 public:
  ConversionDashboard(query::QueryService& queries, base::Clock& clock, PipelineProbe probe)
      : queries_(queries), refresher_(queries, clock, std::move(probe)) {
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
                       [this](net::Request, std::shared_ptr<net::EventStream> stream) {
                         refresher_.AddListener(std::move(stream));
                       });
    server.RouteBlocking(
        "POST", "/v1/query",
        [this](net::Request request, std::unique_ptr<net::Responder> responder) {
          responder->Send(AnswerQuery(queries_, request));
        },
        kMaxQueryBody);
  }

  void Stop() override { refresher_.Stop(); }

 private:
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
  Refresher refresher_;
};

}  // namespace

base::Result<std::unique_ptr<Dashboard>> Dashboard::Create(query::QueryService& queries,
                                                           base::Clock& clock,
                                                           PipelineProbe probe) {
  return std::make_unique<ConversionDashboard>(queries, clock, std::move(probe));
}

}  // namespace weir::dashboard
