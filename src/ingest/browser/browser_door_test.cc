#include "ingest/browser/browser_door.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ingest/browser/address_limiter.h"
#include "ingest/browser/device.h"
#include "ingest/browser/script.h"
#include "ingest/browser/sources.h"
#include "ingest/doors_fixture.h"
#include "json/document.h"

namespace weir::ingest {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Headers = std::vector<std::pair<std::string, std::string>>;

constexpr int64_t kNow = 1'600'000'000'000;  // 2020-09-13T12:26:40Z
constexpr std::string_view kShop = "https://shop.example";
constexpr std::string_view kClick =
    R"({"user":"u1","events":[{"type":"click","id":"12345678","promotion":"P601","age":1000}]})";

class BrowserDoorTest : public testing::Test {
 protected:
  void Start(std::string_view definition) {
    if (!definition.empty()) {
      PutResource(world_, "Weir::BrowserSource", "shop", definition);
    }
    for (const char* const name : {"Clicks", "Orders"}) {
      ASSERT_TRUE(
          world_.log->OpenStream({.name = name, .created = {kNow}, .shards = log::EvenShards(1)}));
    }
    door_.Start(clock_, [this](net::HttpServer& server) {
      return RegisterBrowser(server, world_.Parts(clock_));
    });
  }

  void StartShop() {
    Start(R"({"AllowedOrigins":["https://shop.example"],"ClickStream":"Clicks",)"
          R"("OrderStream":"Orders"})");
  }

  net::ClientResponse Send(std::string_view method, std::string_view target,
                           const Headers& headers = {}, std::string_view body = {}) {
    return door_.Send(method, target, headers, body);
  }

  net::ClientResponse Beacon(std::string_view body, Headers headers = {}) {
    headers.emplace_back("origin", kShop);
    headers.emplace_back("content-type", "text/plain;charset=UTF-8");
    return Send("POST", "/v1/collect", headers, body);
  }

  std::vector<std::string> Stored(std::string_view stream) { return world_.Stored(stream); }

  static std::string Header(const net::ClientResponse& response, std::string_view name) {
    for (const auto& [key, value] : response.headers) {
      if (key == name) {
        return value;
      }
    }
    return "";
  }

  base::ManualClock clock_{kNow};
  DoorsWorld world_{clock_};
  SeparateDoor door_;
};

TEST_F(BrowserDoorTest, IsShutUntilAnOriginIsNamed) {
  Start("");
  EXPECT_EQ(Send("GET", "/weir.js").status, 404);
  EXPECT_EQ(Send("GET", "/p.gif?promotion=P1").status, 404);
  EXPECT_THAT(Beacon(kClick).body, HasSubstr("Weir::BrowserSource"));
  EXPECT_THAT(Stored("Clicks"), ElementsAre());
}

TEST_F(BrowserDoorTest, ServesASmallScriptOnce) {
  StartShop();
  const auto script = Send("GET", "/weir.js");
  EXPECT_EQ(script.status, 200);
  EXPECT_LT(script.body.size(), 2048);
  EXPECT_EQ(script.body, browser::Script());
  EXPECT_THAT(Header(script, "content-type"), HasSubstr("javascript"));
  const std::string etag = Header(script, "etag");
  const auto again = Send("GET", "/weir.js", {{"if-none-match", etag}});
  EXPECT_EQ(again.status, 304);
  EXPECT_EQ(again.body, "");
}

TEST_F(BrowserDoorTest, StoresClicksAndOrders) {
  StartShop();
  const auto response = Beacon(
      R"({"user":"u\"1","events":[{"type":"click","id":"12345678","promotion":"P601","age":1000},)"
      R"({"type":"order","order":17,"lines":[{"item":"I1","promotion":"P601","price":"19.90"},)"
      R"({"item":"I2","price":5,"quantity":2}],"clicks":[{"promotion":"P601","id":"abcdefgh"},)"
      R"({"promotion":"P601","id":"12345678"}]}]})",
      {{"user-agent", "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0) Mobile/15E148"}});
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "{\"accepted\":2,\"duplicates\":0,\"rejected\":[]}\n");
  EXPECT_EQ(Header(response, "access-control-allow-origin"), kShop);
  EXPECT_THAT(Stored("Clicks"),
              ElementsAre(R"(u"1|{"EventId":"12345678","ClickId":"12345678","UserId":"u\"1",)"
                          R"("Device":"mobile","Event":"P601","EventType":"Promotion",)"
                          R"("Timestamp":"2020-09-13T12:26:39.000Z"})"));
  EXPECT_THAT(
      Stored("Orders"),
      ElementsAre(R"(17|{"OrderId":"17","UserId":"u\"1","Timestamp":"2020-09-13T12:26:40.000Z",)"
                  R"("OrderLines":[{"ItemId":"I1","Promotion":"P601","ClickId":"12345678",)"
                  R"("UnitPrice":19.9,"Quantity":1},{"ItemId":"I2","UnitPrice":5,"Quantity":2}],)"
                  R"("ClickIds":[{"Promotion":"P601","ClickId":"abcdefgh"},)"
                  R"({"Promotion":"P601","ClickId":"12345678"}]})"));
}

TEST_F(BrowserDoorTest, RefusesEachWrongEventByName) {
  StartShop();
  const auto response = Beacon(
      R"({"events":[{"type":"view"},{"type":"click","id":"12345678"},{"type":"click","id":"short",)"
      R"("promotion":"P"},{"type":"click","id":"12345678","promotion":"P","age":-1},)"
      R"({"type":"click","id":"12345678","promotion":"P","amuont":1},{"type":"order","order":"1",)"
      R"("lines":[]},{"type":"order","order":"1","lines":[{"price":-1}]},{"type":"order",)"
      R"("order":"1","lines":[{"quantity":0.5}]},{"type":"click","id":"12345678",)"
      R"("promotion":"a\u0007b"},{"type":"click","id":"12345678","promotion":"P"}]})");
  const auto answer = *json::Parse(response.body);
  EXPECT_EQ(*answer.IntAt("accepted"), 1);
  std::vector<std::string> errors;
  for (const json::Value& refusal : answer.Find("rejected")->Items()) {
    errors.push_back(*refusal.StringAt("error"));
  }
  EXPECT_THAT(errors, ElementsAre(HasSubstr("'type' must be"), "'promotion' is missing",
                                  HasSubstr("'id' must be"), HasSubstr("'age' must be"),
                                  HasSubstr("unknown member 'amuont'"), HasSubstr("needs 'lines'"),
                                  HasSubstr("price must be"), HasSubstr("quantity must be"),
                                  HasSubstr("control character")));
  for (const std::string_view bad : {"", "[]", "{}", R"({"events":[]})", R"({"events":1})",
                                     R"({"events":[{}],"x":1})", R"({"user":{},"events":[{}]})"}) {
    EXPECT_EQ(Beacon(bad).status, 400) << bad;
  }
  EXPECT_EQ(Beacon(std::string(70'000, ' ')).status, 413);
  EXPECT_EQ(Stored("Clicks").size(), 1);
  EXPECT_THAT(world_.metrics.Expose(),
              HasSubstr(R"(weir_ingest_records_total{door="browser",result="accepted"} 1)"));
}

TEST_F(BrowserDoorTest, RefusesOtherOriginsByName) {
  StartShop();
  for (const std::string_view origin :
       {"https://evil.example", "http://shop.example", "https://shop.example:8443", "null", ""}) {
    const Headers headers = {{"origin", std::string(origin)}, {"sec-fetch-site", "cross-site"}};
    const auto response = Send("POST", "/v1/collect", headers, kClick);
    EXPECT_EQ(response.status, 403) << origin;
    EXPECT_THAT(response.body, HasSubstr(origin));
    EXPECT_EQ(Send("OPTIONS", "/v1/collect", headers).status, 403) << origin;
  }
  const auto preflight = Send("OPTIONS", "/v1/collect", {{"origin", std::string(kShop)}});
  EXPECT_EQ(preflight.status, 204);
  EXPECT_EQ(Header(preflight, "access-control-allow-origin"), kShop);
  EXPECT_THAT(Stored("Clicks"), ElementsAre());
  EXPECT_THAT(world_.metrics.Expose(),
              HasSubstr(R"(weir_browser_refused_requests_total{reason="origin"} 10)"));
}

TEST_F(BrowserDoorTest, KeepsNothingOfWhoAsksNotToBeFollowed) {
  StartShop();
  for (const auto& [name, value] :
       Headers{{"dnt", "1"}, {"sec-gpc", "1"}, {"sec-purpose", "prefetch;prerender"}}) {
    EXPECT_THAT(Beacon(kClick, {{name, value}}).body, HasSubstr("\"accepted\":0"));
    const auto pixel =
        Send("GET", "/p.gif?promotion=P601", {{"referer", "https://shop.example/"}, {name, value}});
    EXPECT_EQ(pixel.status, 200);
    EXPECT_EQ(pixel.body.size(), 43);
  }
  EXPECT_THAT(Stored("Clicks"), ElementsAre());
  EXPECT_EQ(Beacon(kClick, {{"dnt", "0"}}).status, 200);
  EXPECT_EQ(Stored("Clicks").size(), 1);
}

TEST_F(BrowserDoorTest, ThePixelRecordsAClickOrAnOrder) {
  StartShop();
  const auto pixel = Send("GET", "/p.gif?promotion=P601&click=abcdefgh&user=u1",
                          {{"referer", "https://shop.example/cart?x=1"}});
  EXPECT_EQ(pixel.status, 200);
  EXPECT_EQ(pixel.body.size(), 43);
  EXPECT_THAT(pixel.body, testing::StartsWith("GIF89a"));
  EXPECT_EQ(Header(pixel, "cache-control"), "no-store");
  const Headers shop{{"referer", "https://shop.example/"}};
  EXPECT_EQ(Send("GET", "/p.gif?promotion=P602", shop).status, 200);
  EXPECT_EQ(Send("GET", "/p.gif?order=7&lines=%5B%7B%22item%22%3A%22I1%22%7D%5D", shop).status,
            200);
  EXPECT_EQ(Send("GET", "/p.gif?promotion=P1", {{"referer", "https://evil.example/"}}).status, 403);
  EXPECT_EQ(Send("GET", "/p.gif", shop).status, 400);
  EXPECT_EQ(Send("HEAD", "/p.gif?promotion=P3", shop).status, 200);  // Looks, and records nothing.
  EXPECT_EQ(Send("GET", "/p.gif?promtion=P1", shop).status, 400);
  EXPECT_EQ(Send("GET", "/p.gif?order=7&lines=nonsense", shop).status, 400);
  EXPECT_THAT(Stored("Clicks"), ElementsAre(HasSubstr(R"("ClickId":"abcdefgh","UserId":"u1")"),
                                            HasSubstr(R"("Event":"P602")")));
  EXPECT_THAT(Stored("Orders"), ElementsAre(HasSubstr(R"("OrderLines":[{"ItemId":"I1")")));
}

TEST_F(BrowserDoorTest, APixelWithoutRefererCountsOnlyWhereThatIsAllowed) {
  StartShop();
  const auto refused = Send("GET", "/p.gif?promotion=P1");
  EXPECT_EQ(refused.status, 403);
  EXPECT_THAT(refused.body, HasSubstr("PixelsWithoutReferer"));
  EXPECT_THAT(Stored("Clicks"), ElementsAre());
}

TEST_F(BrowserDoorTest, ASourceMayTakePixelsWithoutReferer) {
  Start(R"({"AllowedOrigins":["https://shop.example"],"ClickStream":"Clicks",)"
        R"("PixelsWithoutReferer":true})");
  EXPECT_EQ(Send("GET", "/p.gif?promotion=P1").status, 200);
  EXPECT_EQ(Stored("Clicks").size(), 1);
  EXPECT_EQ(Send("GET", "/p.gif?promotion=P1", {{"referer", "https://evil.example/"}}).status, 403);
}

TEST_F(BrowserDoorTest, TakesNoOrdersWithoutAStreamForThem) {
  Start(R"({"AllowedOrigins":["https://shop.example"],"ClickStream":"Clicks"})");
  EXPECT_THAT(Beacon(R"({"events":[{"type":"order","order":"1","lines":[{"item":"I"}]}]})").body,
              HasSubstr("orders are not taken from browsers"));
}

TEST(AddressLimiterTest, TakesABurstAndThenTheRate) {
  base::ManualClock clock;
  browser::AddressLimiter limiter(clock);
  for (int64_t i = 0; i < browser::AddressLimiter::kBurst; ++i) {
    ASSERT_TRUE(limiter.Take(fmt::format("2001:0:0:1::{:x}:80", i)));
  }
  EXPECT_FALSE(limiter.Take("2001::1:ffff:0:0:1:99")) << "the same /64";
  EXPECT_TRUE(limiter.Take("2001::2:ffff:0:0:1:99")) << "another one";
  EXPECT_TRUE(limiter.Take("192.0.2.1:80"));
  clock.AdvanceMillis(1'000 / browser::AddressLimiter::kPerSecond);
  EXPECT_TRUE(limiter.Take("2001:0:0:1::1:80"));
  EXPECT_FALSE(limiter.Take("2001:0:0:1::1:80"));
}

TEST(AddressLimiterTest, TellsIpv4AddressesApartHoweverTheyAreWritten) {
  base::ManualClock clock;
  browser::AddressLimiter limiter(clock);
  for (int64_t i = 0; i < browser::AddressLimiter::kBurst; ++i) {
    ASSERT_TRUE(limiter.Take("::ffff:192.0.2.1:80"));
  }
  EXPECT_FALSE(limiter.Take("192.0.2.1:80"));
  EXPECT_TRUE(limiter.Take("::ffff:192.0.2.2:80"));
}

TEST(DeviceTest, IsToldCoarsely) {
  EXPECT_EQ(browser::DeviceClass("Mozilla/5.0 (X11; Linux x86_64) Chrome/120 Safari/537.36", "?0"),
            "desktop");
  EXPECT_EQ(browser::DeviceClass("Mozilla/5.0 (Linux; Android 14) Chrome/120 Mobile Safari", ""),
            "mobile");
  EXPECT_EQ(browser::DeviceClass("Mozilla/5.0 (Linux; Android 14; SM-X200) Chrome/120 Safari", ""),
            "tablet");
  EXPECT_EQ(browser::DeviceClass("Mozilla/5.0 (iPad; CPU OS 17_0) Mobile/15E148", ""), "tablet");
  EXPECT_EQ(browser::DeviceClass("", ""), "unknown");
}

TEST(OriginTest, IsCutFromAnAddress) {
  EXPECT_EQ(browser::OriginOf("https://a.b:1/c?d"), "https://a.b:1");
  EXPECT_EQ(browser::OriginOf("https://a.b"), "https://a.b");
  EXPECT_EQ(browser::OriginOf("https://a.b?x"), "https://a.b");
  EXPECT_EQ(browser::OriginOf("nonsense"), "");
}

}  // namespace
}  // namespace weir::ingest
