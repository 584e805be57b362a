#include "ingest/webhook/webhook_door.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "crypto/digest.h"
#include "ingest/doors_fixture.h"
#include "ingest/webhook/order_mapping.h"
#include "ingest/webhook/seen_deliveries.h"
#include "ingest/webhook/signature.h"

namespace weir::ingest {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Headers = std::vector<std::pair<std::string, std::string>>;

constexpr int64_t kNow = 1'600'000'000'000;  // 2020-09-13T12:26:40Z
constexpr std::string_view kSecret = "0123456789abcdef";
constexpr std::string_view kOrder =
    R"({"OrderId":"7","Timestamp":"2020-09-13T12:00:00Z","OrderLines":[{"ItemId":"I1",)"
    R"("Promotion":"P601","UnitPrice":19.9,"Quantity":2}],"ClickIds":[{"Promotion":"P601",)"
    R"("ClickId":"c1"}]})";
constexpr std::string_view kStored =
    R"(7|{"OrderId":"7","Timestamp":"2020-09-13T12:00:00.000Z","OrderLines":[{"ItemId":"I1",)"
    R"("Promotion":"P601","ClickId":"c1","UnitPrice":19.9,"Quantity":2}],)"
    R"("ClickIds":[{"Promotion":"P601","ClickId":"c1"}]})";

std::string Sign(std::string_view body, std::string_view secret = kSecret) {
  return crypto::Hex(crypto::HmacSha256(secret, body));
}

class WebhookDoorTest : public testing::Test {
 protected:
  void Start(std::string_view properties = R"("Stream":"Orders","SecretFile":"shop")",
             std::string_view secrets = kSecret) {
    PutResource(world_, "Weir::WebhookSource", "shop", fmt::format("{{{}}}", properties));
    ASSERT_TRUE(world_.files.CreateDirectories("/data/secrets"));
    WriteSecrets(secrets);
    ASSERT_TRUE(world_.log->OpenStream(
        {.name = "Orders", .created = {kNow}, .shards = log::EvenShards(1)}));
    door_.Start(clock_, [this](net::HttpServer& server) {
      return RegisterWebhooks(server, world_.Parts(clock_));
    });
  }

  void WriteSecrets(std::string_view secrets) {
    ASSERT_TRUE(base::ReplaceFile(world_.files, "/data/secrets/shop", secrets));
  }

  net::ClientResponse Send(std::string_view body, const Headers& headers) {
    return door_.Send("POST", "/v1/webhooks/shop", headers, body);
  }

  net::ClientResponse SendSigned(std::string_view body, std::string_view secret = kSecret) {
    return Send(body, {{"x-weir-hmac-sha256", Sign(body, secret)}});
  }

  std::vector<std::string> Stored() { return world_.Stored("Orders"); }

  base::ManualClock clock_{kNow};
  DoorsWorld world_{clock_};
  SeparateDoor door_;
};

TEST_F(WebhookDoorTest, StoresASignedOrderOnce) {
  Start();
  EXPECT_EQ(SendSigned(kOrder).body, "{\"accepted\":1,\"duplicates\":0}\n");
  EXPECT_EQ(SendSigned(kOrder).body, "{\"accepted\":0,\"duplicates\":1}\n");
  EXPECT_THAT(Stored(), ElementsAre(kStored));
  EXPECT_THAT(world_.metrics.Expose(),
              HasSubstr(R"(weir_ingest_records_total{door="webhook",result="duplicate"} 1)"));
}

TEST_F(WebhookDoorTest, RefusesWhatTheSecretDidNotSign) {
  Start();
  const std::string good = Sign(kOrder);
  std::string changed = good;
  changed.back() = changed.back() == '0' ? '1' : '0';
  for (const std::string& signature :
       {std::string(), std::string("nonsense"), changed, Sign(kOrder, "another secret of shop"),
        Sign(std::string(kOrder) + " "), good.substr(2), good + "00", std::string(64, 'g')}) {
    const auto response = Send(kOrder, {{"x-weir-hmac-sha256", signature}});
    EXPECT_EQ(response.status, 401) << signature;
  }
  EXPECT_EQ(Send(kOrder, {}).status, 401);
  EXPECT_EQ(door_.Send("POST", "/v1/webhooks/nobody", {}, kOrder).status, 404);
  EXPECT_THAT(Stored(), ElementsAre());
  EXPECT_THAT(world_.metrics.Expose(),
              HasSubstr(R"(weir_ingest_records_total{door="webhook",result="unproven"} 9)"));
}

TEST_F(WebhookDoorTest, ASecretIsReplacedWhileBothCount) {
  Start();
  EXPECT_EQ(SendSigned(R"({"OrderId":1,"OrderLines":[{}]})").status, 200);
  WriteSecrets("fedcba9876543210\n0123456789abcdef\n");
  clock_.AdvanceMillis(11'000);
  EXPECT_EQ(SendSigned(R"({"OrderId":2,"OrderLines":[{}]})").status, 200);
  EXPECT_EQ(SendSigned(R"({"OrderId":3,"OrderLines":[{}]})", "fedcba9876543210").status, 200);
  WriteSecrets("fedcba9876543210");
  clock_.AdvanceMillis(11'000);
  EXPECT_EQ(SendSigned(R"({"OrderId":4,"OrderLines":[{}]})").status, 401);
  WriteSecrets("short");
  clock_.AdvanceMillis(11'000);
  EXPECT_EQ(SendSigned(R"({"OrderId":4,"OrderLines":[{}]})", "short").status, 503);
  EXPECT_EQ(Stored().size(), 3);
}

TEST_F(WebhookDoorTest, ASignedTimeMustBeRecent) {
  Start(R"("Stream":"Orders","SecretFile":"shop","TimestampHeader":"X-Time",)"
        R"("SignatureHeader":"X-Shop-Hmac-SHA256")");
  const auto send = [&](int64_t seconds, int64_t signed_seconds) {
    return Send(kOrder,
                {{"x-time", std::to_string(seconds)},
                 {"x-shop-hmac-sha256", Sign(fmt::format("{}.{}", signed_seconds, kOrder))}})
        .status;
  };
  constexpr int64_t kSeconds = kNow / 1'000;
  EXPECT_EQ(send(kSeconds - 301, kSeconds - 301), 401);
  EXPECT_EQ(send(kSeconds + 301, kSeconds + 301), 401);
  EXPECT_EQ(send(kSeconds, kSeconds - 301), 401);
  EXPECT_EQ(Send(kOrder, {{"x-shop-hmac-sha256", Sign(kOrder)}}).status, 401);
  EXPECT_EQ(send(kSeconds - 299, kSeconds - 299), 200);
}

TEST_F(WebhookDoorTest, NamesWhatIsWrongWithAnOrder) {
  Start();
  const auto refusal = [&](std::string_view body) {
    const auto response = SendSigned(body);
    EXPECT_EQ(response.status, 400) << body;
    return response.body;
  };
  EXPECT_THAT(refusal("nonsense"), HasSubstr("invalid_argument"));
  EXPECT_THAT(refusal(R"({"OrderLines":[{}]})"), HasSubstr("OrderId ($.OrderId) is missing"));
  EXPECT_THAT(refusal(R"({"OrderId":"","OrderLines":[{}]})"), HasSubstr("is empty"));
  EXPECT_THAT(refusal(R"({"OrderId":"1","OrderLines":[]})"), HasSubstr("1 to 200 lines"));
  EXPECT_THAT(refusal(R"({"OrderId":"1","OrderLines":[{},{"Quantity":"x"}]})"),
              HasSubstr("line 1: Quantity ($.Quantity)"));
  EXPECT_THAT(refusal(R"({"OrderId":"1","OrderLines":[{}],"Timestamp":"2020-09-13T12:31:41Z"})"),
              HasSubstr("more than 5 minutes in the future"));
  EXPECT_THAT(refusal(R"({"OrderId":"1","OrderLines":[{}],"ClickIds":[{}]})"),
              HasSubstr("each click needs Promotion and ClickId"));
  EXPECT_THAT(Stored(), ElementsAre());
}

TEST(OrderMappingTest, ReadsTheDocumentsOfAShop) {
  const auto mapping = webhook::OrderMapping::Read(*json::Parse(
      R"({"OrderId":"$.id","UserId":"$.customer.id","Timestamp":"$.created_at",)"
      R"("ClickIds":"$.note_attributes[?@.name=='weir'].value","Lines":"$.line_items",)"
      R"("ItemId":"$.sku","Promotion":"$.properties[?@.name=='_promotion'].value",)"
      R"("UnitPrice":"$.price","Quantity":"$.quantity"})"));
  ASSERT_TRUE(mapping) << mapping.error().message;
  const auto order = mapping->Apply(
      *json::Parse(
          R"({"id":820982911946154508,"created_at":"2020-09-13T08:00:00-04:00","customer":{"id":5},)"
          R"("note_attributes":[{"name":"gift","value":"yes"},{"name":"weir",)"
          R"("value":"[{\"promotion\":\"P601\",\"id\":\"1-2-3-4\"}]"}],)"
          R"("line_items":[{"sku":"IPOD","price":"199.00","quantity":1,"properties":)"
          R"([{"name":"_promotion","value":"P601"}]},{"sku":null,"price":"0.12345","quantity":3,)"
          R"("properties":[]}]})"),
      kNow);
  ASSERT_TRUE(order) << order.error().message;
  EXPECT_EQ(
      WriteOrder(*order),
      R"({"OrderId":"820982911946154508","UserId":"5","Timestamp":"2020-09-13T12:00:00.000Z",)"
      R"("OrderLines":[{"ItemId":"IPOD","Promotion":"P601","ClickId":"1-2-3-4",)"
      R"("UnitPrice":199,"Quantity":1},{"UnitPrice":0.1235,"Quantity":3}],)"
      R"("ClickIds":[{"Promotion":"P601","ClickId":"1-2-3-4"}]})");
}

TEST(SignatureTest, IsReadFromBase64AndHex) {
  const crypto::Sha256Digest digest =
      crypto::HmacSha256("key", "The quick brown fox jumps over the lazy dog");
  const std::string bytes(crypto::AsBytes(digest));
  constexpr std::string_view kHex =
      "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8";
  EXPECT_EQ(webhook::ReadSignature(kHex), bytes);
  EXPECT_EQ(webhook::ReadSignature(fmt::format("sha256={}", kHex)), bytes);
  EXPECT_EQ(webhook::ReadSignature("97yD9DBThCSxMpjmqm+xQ+9NWaFJRhdZl0edvC0aPNg="), bytes);
  EXPECT_EQ(webhook::ReadSignature("97yD9DBThCSxMpjmqm+xQ+9NWaFJRhdZl0edvC0aPNg"), std::nullopt);
  EXPECT_EQ(webhook::ReadSignature("97yD9DBThCSxMpjmqm-xQ_9NWaFJRhdZl0edvC0aPNg="), std::nullopt);
}

TEST(SeenDeliveriesTest, OneRequestStoresADelivery) {
  using Standing = webhook::SeenDeliveries::Standing;
  webhook::SeenDeliveries seen;
  const std::string key = webhook::SeenDeliveries::KeyOf("a", "0");
  EXPECT_NE(key, webhook::SeenDeliveries::KeyOf("b", "0"));
  EXPECT_EQ(seen.Claim(key), Standing::kNew);
  EXPECT_EQ(seen.Claim(key), Standing::kWaiting);
  seen.Release(key);
  EXPECT_EQ(seen.Claim(key), Standing::kNew) << "it was not stored, so it may be tried again";
  seen.Remember(key);
  EXPECT_EQ(seen.Claim(key), Standing::kStored);
}

TEST(SeenDeliveriesTest, ForgetsTheOldest) {
  using Standing = webhook::SeenDeliveries::Standing;
  webhook::SeenDeliveries seen;
  const std::string first = webhook::SeenDeliveries::KeyOf("a", "0");
  seen.Remember(first);
  seen.Remember(first);
  for (size_t i = 1; i < webhook::SeenDeliveries::kMaxRemembered; ++i) {
    seen.Remember(webhook::SeenDeliveries::KeyOf("a", std::to_string(i)));
  }
  EXPECT_EQ(seen.Claim(first), Standing::kStored);
  seen.Remember(webhook::SeenDeliveries::KeyOf("a", "more"));
  EXPECT_EQ(seen.Claim(first), Standing::kNew);
}

}  // namespace
}  // namespace weir::ingest
