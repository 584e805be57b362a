#pragma once

#include <memory>
#include <thread>

#include "base/clock.h"
#include "base/result.h"
#include "catalog/catalog.h"
#include "demo/traffic.h"
#include "log/log.h"

namespace weir::server {

/// The options that a Weir::Demo::Traffic resource stands for, and the streams that it feeds.
struct DemoDefinition {
  demo::TrafficOptions options;
  std::string click_stream;
  std::string order_stream;
};

/// kNotFound when no stack of the catalog has demo traffic.
base::Result<DemoDefinition> ReadDemo(catalog::Catalog& catalog);

/// Sends demo traffic into the log at its rate, in a thread, until destroyed. What the log refuses
/// is logged and not sent again.
class DemoRunner {
 public:
  /// The streams must be open in the log.
  static base::Result<std::unique_ptr<DemoRunner>> Start(DemoDefinition definition, log::Log& log,
                                                         base::Clock& clock);

 private:
  DemoRunner(demo::Traffic traffic, log::Stream& clicks, log::Stream& orders, base::Clock& clock);
  void Run(const std::stop_token& stop);

  demo::Traffic traffic_;
  log::Stream& clicks_;
  log::Stream& orders_;
  base::Clock& clock_;
  std::jthread thread_;
};

}  // namespace weir::server
