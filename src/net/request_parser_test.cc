#include "net/request_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::net {
namespace {

using testing::HasSubstr;

using Fields = std::vector<std::pair<std::string, std::string>>;

const Fields kHostOnly = {{"host", "shop.example"}};

Fields With(std::string_view name, std::string_view value) {
  Fields fields = kHostOnly;
  fields.emplace_back(name, value);
  return fields;
}

TEST(AssembleHeadTest, AssemblesWhatCameInParts) {
  const Fields fields = With("content-length", "12");
  const auto head = AssembleHead("POST", "/v1?x=1", "shop.example", fields);
  ASSERT_TRUE(head);
  EXPECT_EQ(head->method, "POST");
  EXPECT_EQ(head->target, "/v1?x=1");
  EXPECT_EQ(head->host, "shop.example");
  EXPECT_EQ(head->content_length, 12U);
  EXPECT_FALSE(head->chunked);
  EXPECT_TRUE(head->keep_alive);
  EXPECT_EQ(head->fields.size(), 2U);
}

TEST(AssembleHeadTest, RefusesWhatTheTextOfAHeadMayNotHold) {
  struct Case {
    std::string method;
    std::string target;
    std::string authority;
    Fields fields;
    int status;
    std::string message;
  };

  const std::vector<Case> cases = {
      {"", "/", "", kHostOnly, 400, "no method"},
      {"G T", "/", "", kHostOnly, 400, "no method"},
      {std::string(17, 'G'), "/", "", kHostOnly, 400, "no method"},
      {"GET", "", "", kHostOnly, 400, "begin with '/'"},
      {"GET", "http://other.example/", "", kHostOnly, 400, "begin with '/'"},
      {"GET", "/a b", "", kHostOnly, 400, "percent-encoded"},
      {"GET", "/" + std::string(kMaxRequestLine, 'a'), "", kHostOnly, 414, "longer than"},
      {"GET", "/", "", {}, 400, "host is missing"},
      {"GET", "/", "other.example", kHostOnly, 400, "host"},
      {"GET", "/", "", With("host", "shop.example"), 400, "host"},
      {"GET", "/", "", With("x y", "1"), 400, "header name"},
      {"GET", "/", "", With("", "1"), 400, "header name"},
      {"GET", "/", "", With("x", "a\r\nb: c"), 400, "control character"},
      {"GET", "/", "", With("content-length", "1x"), 400, "not a number"},
      {"GET", "/", "", With("content-length", std::string(19, '9')), 413, "beyond every limit"},
      {"GET", "/", "", With("transfer-encoding", "chunked"), 400, "no place in HTTP/2"},
      {"GET", "/", "", With("content-encoding", "gzip"), 415, "content codings"},
      {"GET", "/", "", With("expect", "magic"), 417, "100-continue"},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.message);
    const auto head = AssembleHead(one.method, one.target, one.authority, one.fields);
    ASSERT_FALSE(head);
    EXPECT_EQ(head.error().status, one.status);
    EXPECT_THAT(head.error().message, HasSubstr(one.message));
  }
}

TEST(AssembleHeadTest, BoundsTheFields) {
  Fields fields = kHostOnly;
  while (fields.size() < kMaxHeaderFields) {
    fields.emplace_back("x", "1");
  }
  EXPECT_TRUE(AssembleHead("GET", "/", "", fields));
  fields.emplace_back("x", "1");
  const auto head = AssembleHead("GET", "/", "", fields);
  ASSERT_FALSE(head);
  EXPECT_EQ(head.error().status, 431);
}

}  // namespace
}  // namespace weir::net
