#include "ingest/kinesis/kinesis_service.h"

#include <utility>

namespace weir::ingest::kinesis {

aws::Service::Form KinesisService::FormOf(std::string_view operation) const {
  if (operation == "PutRecord" || operation == "PutRecords") {
    return Form::kBody;
  }
  return Operations::Knows(operation) ? Form::kDocument : Form::kUnknown;
}

void KinesisService::Handle(aws::Call call, std::unique_ptr<net::Responder> responder) {
  operations_.Handle(std::move(call), std::move(responder));
}

void KinesisService::HandleBody(aws::BodyCall call, std::unique_ptr<net::Responder> responder) {
  put_.Handle(std::move(call), std::move(responder));
}

}  // namespace weir::ingest::kinesis
