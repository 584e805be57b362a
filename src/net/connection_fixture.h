#pragma once

#include <gtest/gtest.h>
#include <malloc.h>

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "net/connection.h"
#include "net/mailbox.h"
#include "net/service.h"

namespace weir::net {

// One connection without a socket, and what a loop does for it.
template <typename Protocol>
class ConnectionFixture : public testing::Test {
 protected:
  explicit ConnectionFixture(const ServerOptions& options)
      : service_(options, clock_, "test"),
        mailbox_(std::make_shared<Mailbox>([] {})),
        connection_({.service = service_,
                     .mailbox = mailbox_,
                     .id = 1,
                     .remote = "127.0.0.1:1",
                     .client = "127.0.0.1",
                     .date = &date_}) {}

  void Deliver() {
    std::vector<Delivery> mail;
    mailbox_->Take(mail);
    for (Delivery& delivery : mail) {
      connection_.OnDelivery(std::move(delivery));
    }
  }

  // All output as it is.
  std::string Take() {
    std::string all;
    for (;;) {
      const std::string some = connection_.TakeOutput();
      if (some.empty()) {
        return all;
      }
      connection_.OnSent(some.size());
      all += some;
    }
  }

  // Of the whole process; nothing is counted under a sanitizer.
  static size_t AllocatedBytes() {
    const struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
  }

  const std::string date_ = "Sun, 13 Sep 2020 12:26:40 GMT";
  base::ManualClock clock_;
  Service service_;
  std::shared_ptr<Mailbox> mailbox_;
  std::vector<std::unique_ptr<Responder>> waiting_;
  Protocol connection_;
};

}  // namespace weir::net
