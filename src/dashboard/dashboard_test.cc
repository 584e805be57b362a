#include "dashboard/dashboard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "dashboard/conversion_dataset.h"
#include "dashboard/query_route.h"
#include "dashboard/refresher.h"
#include "dashboard/web_files.h"
#include "dashboard/web_routes.h"
#include "json/document.h"

namespace weir::dashboard {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::string_view kRows =
    R"([["row","2026-11-22","P1",200,10,5.0,12,15,149.9000,null,null],)"
    R"(["row","2026-11-22","P2",null,3,null,3,3,10.0000,null,null],)"
    R"(["date","2026-11-22",null,200,13,null,15,18,159.9000,2,2],)"
    R"(["all",null,null,200,13,null,15,18,159.9000,2,2]])";

class FakeQueries : public query::QueryService {
 public:
  base::Result<query::QueryResult> Run(std::string_view sql,
                                       const query::QueryOptions& options) override {
    asked.emplace_back(sql);
    reuse = options.reuse;
    may_read = options.may_read;
    fresh = options.fresh;
    if (error.has_value()) {
      return std::unexpected(*error);
    }
    return query::QueryResult{.columns = {{.name = "a", .type = "BIGINT"}},
                              .rows_json = rows,
                              .row_count = 4,
                              .as_of = {1'700'000'000'123}};
  }

  void Shutdown() override {}

  std::string rows{kRows};
  std::optional<base::Error> error;
  std::vector<std::string> asked;
  bool reuse = false;
  bool fresh = false;
  std::function<bool(std::string_view)> may_read;
};

class FakeStream : public net::EventStream {
 public:
  bool Send(std::string_view id, std::string_view event, std::string_view data) override {
    events.push_back(fmt::format("{}{}{}", event, id.empty() ? "" : " ", id));
    last = data;
    return is_open;
  }

  bool open() const override { return is_open; }

  std::vector<std::string> events;
  std::string last;
  bool is_open = true;
};

TEST(ConversionDataset, KeepsNumbersAndMissingValues) {
  FakeQueries queries;
  const auto dataset = BuildDataset(*queries.Run("", {}));
  ASSERT_TRUE(dataset.has_value()) << dataset.error().message;
  EXPECT_EQ(
      DatasetJson(*dataset, 7, {.now_millis = 99, .pipeline = {.behind_millis = 5}}),
      R"({"sequence":7,"as_of_millis":1700000000123,"now_millis":99,"behind_millis":5,"stopped":"",)"
      R"("totals":{"promotions":2,"clicks":200,"orders":13,"lines":15,"units":18,"revenue":159.9000},)"
      R"("by_date":[{"date":"2026-11-22","promotions":2,"clicks":200,"orders":13,"lines":15,"units":18,"revenue":159.9000}],)"
      R"("rows":[{"date":"2026-11-22","promotion":"P1","clicks":200,"orders":10,"conversion":5.0,"lines":12,"units":15,"revenue":149.9000},)"
      R"({"date":"2026-11-22","promotion":"P2","clicks":0,"orders":3,"conversion":null,"lines":3,"units":3,"revenue":10.0000}],)"
      R"("total_rows":2})");
}

TEST(ConversionDataset, RefusesOtherShapes) {
  EXPECT_FALSE(BuildDataset({.rows_json = "[[1]]"}).has_value());
}

TEST(Refresher, SendsWhatChangedAndBeatsOtherwise) {
  FakeQueries queries;
  base::ManualClock clock;
  Refresher refresher(queries, clock, [] { return PipelineState{}; });
  refresher.Step();
  EXPECT_TRUE(queries.asked.empty()) << "nobody listens";

  auto first = std::make_shared<FakeStream>();
  refresher.AddListener(first, [] { return true; });
  refresher.Step();
  EXPECT_THAT(first->events, ElementsAre("data 1"));
  EXPECT_TRUE(queries.reuse);
  refresher.Step();
  EXPECT_THAT(first->events, ElementsAre("data 1"));
  clock.AdvanceMillis(1'000);
  refresher.Step();
  EXPECT_THAT(first->events, ElementsAre("data 1", "heartbeat"));
  EXPECT_THAT(first->last, HasSubstr("\"as_of_millis\":1700000000123"));

  auto second = std::make_shared<FakeStream>();
  refresher.AddListener(second, [] { return true; });
  EXPECT_THAT(second->events, ElementsAre("data 1"));
  queries.rows = R"([["all",null,null,1,0,null,0,0,0,1,1]])";
  refresher.Step();
  EXPECT_THAT(first->events, ElementsAre("data 1", "heartbeat", "data 2"));
  EXPECT_THAT(second->events, ElementsAre("data 1", "data 2"));

  first->is_open = false;
  second->is_open = false;
  queries.asked.clear();
  refresher.Step();
  EXPECT_TRUE(queries.asked.empty()) << "both have gone";
}

TEST(Refresher, ReportsAFailureOnceAndItsEnd) {
  FakeQueries queries;
  base::ManualClock clock;
  Refresher refresher(queries, clock, [] { return PipelineState{}; });
  auto stream = std::make_shared<FakeStream>();
  refresher.AddListener(stream, [] { return true; });
  refresher.Step();
  queries.error = base::Error{base::Code::kUnavailable, "no \"view\""};
  refresher.Step();
  EXPECT_EQ(stream->last, R"({"message":"no \"view\""})");
  refresher.Step();
  EXPECT_FALSE(refresher.ReadNow().has_value());
  queries.error.reset();
  refresher.Step();
  EXPECT_THAT(stream->events, ElementsAre("data 1", "failure", "data 1"));
}

TEST(Refresher, TellsHowThePipelineIsDoing) {
  FakeQueries queries;
  base::ManualClock clock;
  PipelineState state;
  Refresher refresher(queries, clock, [&state] { return state; });
  auto stream = std::make_shared<FakeStream>();
  refresher.AddListener(stream, [] { return true; });
  refresher.Step();
  state = {.behind_millis = 9'000, .stopped = "app \"a\": no memory"};
  clock.AdvanceMillis(1'000);
  refresher.Step();
  EXPECT_THAT(stream->events, ElementsAre("data 1", "heartbeat"));
  EXPECT_THAT(stream->last, HasSubstr(R"("behind_millis":9000,"stopped":"app \"a\": no memory"})"));
}

TEST(Refresher, LetsGoOfAListenerWhoNoLongerMay) {
  FakeQueries queries;
  base::ManualClock clock;
  Refresher refresher(queries, clock, [] { return PipelineState{}; });
  bool may = true;
  auto stream = std::make_shared<FakeStream>();
  refresher.AddListener(stream, [&may] { return may; });
  refresher.Step();
  may = false;
  clock.AdvanceMillis(1'000);
  refresher.Step();
  EXPECT_THAT(stream->events, ElementsAre("data 1", "ended"));
  EXPECT_EQ(stream.use_count(), 1) << "the connection ends with the last reference";
}

net::Request Post(std::string body) {
  return {.method = "POST", .path = "/v1/query", .body = std::move(body)};
}

TEST(QueryRoute, AnswersInEachFormat) {
  FakeQueries queries;
  queries.rows = "[[1]]";
  const net::Response json =
      AnswerQuery(queries, auth::Everyone(), Post(R"({"sql":"SELECT 1","fresh":false})"));
  EXPECT_EQ(json.status, 200);
  EXPECT_FALSE(queries.fresh);
  EXPECT_EQ(json.body, R"({"columns":[{"name":"a","type":"BIGINT"}],"rows":[[1]],"row_count":4,)"
                       R"("as_of":"2023-11-14T22:13:20.123Z","elapsed_millis":0})");
  const net::Response csv =
      AnswerQuery(queries, auth::Everyone(), Post(R"({"sql":"SELECT 1","format":"csv"})"));
  EXPECT_EQ(csv.body, "a\r\n1\r\n");
  EXPECT_THAT(csv.content_type, StartsWith("text/csv"));
  EXPECT_THAT(
      AnswerQuery(queries, auth::Everyone(), Post(R"({"sql":"SELECT 1","format":"table"})")).body,
      StartsWith(" a"));
}

TEST(QueryRoute, RefusesWhatItDoesNotKnow) {
  FakeQueries queries;
  for (const char* body : {"", "[]", "{}", R"({"sql":1})", R"({"sql":"a","format":"xml"})",
                           R"({"sql":"a","fresh":1})", R"({"sql":"a","sqll":"b"})"}) {
    EXPECT_EQ(AnswerQuery(queries, auth::Everyone(), Post(body)).status, 400) << body;
  }
  net::Request foreign = Post(R"({"sql":"SELECT 1"})");
  foreign.headers = {{"sec-fetch-site", "cross-site"}};
  EXPECT_EQ(AnswerQuery(queries, auth::Everyone(), foreign).status, 403);
  EXPECT_TRUE(queries.asked.empty());
  queries.error = base::Error{base::Code::kInvalidArgument, "Parser Error"};
  EXPECT_EQ(AnswerQuery(queries, auth::Everyone(), Post(R"({"sql":"SELEC"})")).status, 400);
}

TEST(QueryRoute, AKeyReadsWhatItsStreamsFeed) {
  FakeQueries queries;
  queries.rows = "[[1]]";
  EXPECT_EQ(AnswerQuery(queries, auth::Everyone(), Post(R"({"sql":"SELECT 1"})")).status, 200);
  EXPECT_FALSE(queries.may_read) << "everything";
  const auth::Identity bound{.key_id = "WEIRA", .roles = {}, .streams = {"App.*"}};
  EXPECT_EQ(AnswerQuery(queries, bound, Post(R"({"sql":"SELECT 1"})")).status, 200);
  ASSERT_TRUE(queries.may_read);
  EXPECT_TRUE(queries.may_read("App.clicks"));
  EXPECT_FALSE(queries.may_read("Other.clicks"));
}

TEST(WebFiles, AreServedWithTypeTagAndPolicy) {
  if (WebFiles().empty()) {
    GTEST_SKIP() << "built with WEIR_WEB=OFF";
  }
  net::Request request{.method = "GET", .path = "/"};
  const net::Response page = AnswerWebFile(request);
  EXPECT_EQ(page.status, 200);
  EXPECT_THAT(page.body, HasSubstr("<div id=\"app\">"));
  EXPECT_THAT(page.content_type, StartsWith("text/html"));
  std::map<std::string, std::string> headers(page.headers.begin(), page.headers.end());
  EXPECT_THAT(headers["Content-Security-Policy"], StartsWith("default-src 'none'"));
  EXPECT_FALSE(headers.contains("Strict-Transport-Security"));
  const auto binds = [](const char* host) {
    const net::Response secure =
        AnswerWebFile({.method = "GET", .path = "/", .headers = {{"host", host}}, .secure = true});
    return std::ranges::any_of(secure.headers, [](const auto& field) {
      return field.first == "Strict-Transport-Security";
    });
  };
  EXPECT_TRUE(binds("weir.example:8080"));
  EXPECT_FALSE(binds("localhost:8080"));
  request.headers = {{"accept-encoding", "br, gzip"}};
  EXPECT_THAT(AnswerWebFile(request).body, StartsWith("\x1f\x8b"));
  request.headers = {{"if-none-match", headers["ETag"]}};
  EXPECT_EQ(AnswerWebFile(request).status, 304);
  for (const char* path : {"/nothing", "/assets/../index.html", "/assets/"}) {
    EXPECT_EQ(AnswerWebFile({.method = "GET", .path = path}).status, 404) << path;
  }
}

}  // namespace
}  // namespace weir::dashboard
