#include "auth/gate.h"

#include <gmock/gmock.h>

#include "auth/attempts.h"
#include "auth/gate_fixture.h"
#include "auth/sessions.h"
#include "json/document.h"

namespace weir::auth {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class GateTest : public GateFixture {};

TEST_F(GateTest, EveryRouteAsksForItsRole) {
  constexpr Role kRoles[] = {Role::kIngest, Role::kViewer, Role::kAnalyst, Role::kOperator,
                             Role::kAdmin};

  struct Row {
    std::string method, path, allowed;  // nobody, then each role
  };

  const std::vector<Row> rows = {
      {"GET", "/", "yyyyyy"},
      {"GET", "/assets/index.js", "yyyyyy"},
      {"GET", "/livez", "yyyyyy"},
      {"GET", "/readyz", "yyyyyy"},
      {"GET", "/readyz?verbose", "....yy"},
      {"GET", "/healthz?verbose", "....yy"},
      {"GET", "/metrics", "....yy"},
      {"GET", "/v1/stack", "....yy"},
      {"GET", "/version", ".yyyyy"},
      {"POST", "/v1/session", "yyyyyy"},
      {"GET", "/weir.js", "yyyyyy"},
      {"GET", "/p.gif", "yyyyyy"},
      {"POST", "/v1/collect", "yyyyyy"},
      {"POST", "/v1/webhooks/shop", "yyyyyy"},
      {"GET", "/v1/keys", ".....y"},
      {"POST", "/v1/keys/a/rotate", ".....y"},
      {"GET", "/v1/dashboards/conversion", "..yyyy"},
      {"GET", "/v1/dashboards/conversion/events", "..yyyy"},
      {"POST", "/v1/query", "...yyy"},
      {"POST", "/v1/streams/a/records", ".yyyyy"},  // the door asks for the action
      {"GET", "/something/new", ".yyyyy"},          // closed unless it is opened
      {"GET", "/livez/below", ".yyyyy"},
      {"POST", "/", "......"},  // signatures, not bearer keys
  };
  std::vector<std::string> tokens = {""};
  for (const Role role : kRoles) {
    tokens.push_back(Token(Make(std::string(RoleName(role)), {role})));
  }
  for (const Row& row : rows) {
    for (size_t i = 0; i < tokens.size(); ++i) {
      const size_t mark = row.path.find('?');
      net::Request request = Ask(row.method, row.path.substr(0, mark), tokens[i]);
      if (mark != std::string::npos) {
        request.query[row.path.substr(mark + 1)] = "";
      }
      const int expected = row.allowed[i] == 'y' ? 200 : row.path == "/" ? 400 : i == 0 ? 401 : 403;
      EXPECT_EQ(Admitted(request), expected) << row.method << " " << row.path << ", caller " << i;
    }
  }
}

TEST_F(GateTest, RefusalsSayWhatIsMissing) {
  const NewKey viewer = Make("v", {Role::kViewer});
  const auto role =
      gate_->Check(Ask("POST", "/v1/streams/a/records", Token(viewer)), Action::kPutRecords, "a");
  ASSERT_FALSE(role.has_value());
  EXPECT_EQ(role.error().message, "key " + viewer.info.id +
                                      " may not put records into stream 'a': its role is viewer, "
                                      "this needs one of ingest, admin");
  const NewKey scoped = Make("i", {Role::kIngest}, {"a", "b-*"});
  EXPECT_TRUE(
      gate_->Check(Ask("POST", "/", Token(scoped)), Action::kPutRecords, "b-1").has_value());
  const auto other = gate_->Check(Ask("POST", "/", Token(scoped)), Action::kPutRecords, "c");
  ASSERT_FALSE(other.has_value());
  EXPECT_THAT(other.error().message, HasSubstr("stream 'c': it is bound to other streams"));
  EXPECT_EQ(gate_->Refused(other.error(), Ask("POST", "/", Token(scoped))).status, 403);
  const NewKey bound = Make("o", {Role::kAdmin}, {"a"});
  for (const char* path : {"/metrics", "/v1/stack", "/v1/keys", "/v1/dashboards/conversion"}) {
    EXPECT_THAT(gate_->Admit(Ask("GET", path, Token(bound)))->body,
                HasSubstr("it is bound to streams, and this is about all: use a key created "
                          "without --stream"))
        << path;
  }
  const auto all = gate_->Check(Ask("POST", "/", Token(bound)), Action::kDescribeStream);
  EXPECT_THAT(all.error().message, HasSubstr("may not describe streams: it is bound to streams"));
  const auto nobody = gate_->Check(Ask("GET", "/x"), Action::kQuery);
  const net::Response response = gate_->Refused(nobody.error(), Ask("GET", "/x"));
  EXPECT_EQ(response.status, 401);
  EXPECT_THAT(response.headers,
              testing::Contains(testing::Pair("WWW-Authenticate", StartsWith("Bearer"))));
}

TEST_F(GateTest, WrongKeysAreRefusedAlike) {
  const NewKey key = Make("a", {Role::kAdmin});
  std::string wrong = key.secret;
  wrong[0] = wrong[0] == 'A' ? 'B' : 'A';
  const net::Response unknown =
      *gate_->Admit(Ask("GET", "/version", "WEIRAAAAAAAAAAAAAAAA." + key.secret));
  const net::Response secret = *gate_->Admit(Ask("GET", "/version", key.info.id + "." + wrong));
  EXPECT_EQ(unknown.status, 401);
  EXPECT_EQ(secret.status, 401);
  EXPECT_EQ(unknown.body, secret.body);
  for (const char* token : {"x", ".", ".x", "a b", ""}) {
    net::Request request = Ask("GET", "/version");
    request.headers.emplace_back("authorization", std::string("Bearer ") + token);
    EXPECT_EQ(Admitted(request), 401) << token;
  }
  net::Request basic = Ask("GET", "/version");
  basic.headers.emplace_back("authorization", "Basic YTpi");
  EXPECT_EQ(Admitted(basic), 401);
  net::Request twice = Ask("GET", "/version", Token(key));
  twice.headers.emplace_back("authorization", "Bearer " + Token(key));
  EXPECT_EQ(Admitted(twice), 401);
  EXPECT_EQ(Failures("wrong_key"), 2);
  EXPECT_EQ(Failures("malformed"), 7);
}

TEST_F(GateTest, RotationKeepsBothAndRevocationEndsAtOnce) {
  const NewKey old = Make("a", {Role::kViewer});
  const NewKey fresh = *keyring_->Rotate("a");
  EXPECT_EQ(Admitted(Ask("GET", "/v1/dashboards/x", Token(old))), 200);
  EXPECT_EQ(Admitted(Ask("GET", "/v1/dashboards/x", Token(fresh))), 200);
  const std::string cookie = Cookie(LogIn(Token(old)));
  EXPECT_EQ(Admitted(InSession("GET", "/v1/dashboards/x", cookie)), 200);
  const net::Request stream = InSession("GET", "/v1/dashboards/x/events", cookie);
  EXPECT_TRUE(gate_->StillMay(stream, Action::kViewDashboard));
  ASSERT_TRUE(keyring_->Revoke(old.info.id).has_value());
  EXPECT_EQ(Admitted(Ask("GET", "/v1/dashboards/x", Token(old))), 401);
  EXPECT_EQ(Admitted(Ask("GET", "/v1/dashboards/x", Token(fresh))), 200);
  EXPECT_FALSE(gate_->StillMay(stream, Action::kViewDashboard));
  EXPECT_EQ(Admitted(InSession("GET", "/v1/dashboards/x", cookie)), 401);
}

TEST_F(GateTest, AsksAgainForWhoSignedOnce) {
  const NewKey key = Make("a", {Role::kAnalyst}, {"clicks"});
  const Identity identity = *keyring_->IdentityOf(key.info.id);
  EXPECT_TRUE(gate_->StillMay(identity, Action::kReadRecords, "clicks"));
  EXPECT_FALSE(gate_->StillMay(identity, Action::kReadRecords, "orders"));
  ASSERT_TRUE(keyring_->Revoke(key.info.id).has_value());
  EXPECT_FALSE(gate_->StillMay(identity, Action::kReadRecords, "clicks"));
}

TEST_F(GateTest, ASessionIsWhoLoggedIn) {
  const NewKey key = Make("a", {Role::kViewer, Role::kAnalyst});
  const net::Response in = LogIn(Token(key));
  EXPECT_EQ(in.status, 201);
  const std::string cookie = Cookie(in);
  EXPECT_THAT(cookie, testing::MatchesRegex("weir-session=[0-9a-f]{32}"));
  const net::Response who = server_->Ask("/v1/session", InSession("GET", "/v1/session", cookie));
  const auto body = json::Parse(who.body);
  EXPECT_EQ(*body->StringAt("key_id"), key.info.id);
  EXPECT_TRUE(*body->BoolAt("required"));
  EXPECT_EQ(server_->Ask("/v1/session", Ask("GET", "/v1/session")).status, 401);
  EXPECT_EQ(LogIn(key.info.id + ".wrong").status, 401);
  EXPECT_EQ(LogIn("nonsense").status, 401);
  EXPECT_THAT(in.body, Not(HasSubstr(key.secret)));
  net::Request again = InSession("POST", "/v1/session", cookie);
  again.body = R"({"key":")" + Token(key) + "\"}";
  const std::string next = Cookie(server_->Ask("/v1/session", again));
  EXPECT_EQ(Admitted(InSession("GET", "/v1/dashboards/x", next)), 200);
  EXPECT_EQ(Admitted(InSession("GET", "/v1/dashboards/x", cookie)), 401) << "it is replaced";
}

TEST_F(GateTest, CookiesAreForThisSiteAlone) {
  const NewKey key = Make("a", {Role::kViewer});
  const auto set_cookie = [&] {
    const net::Response in = LogIn(Token(key));
    for (const auto& [name, value] : in.headers) {
      if (name == "Set-Cookie") {
        return value;
      }
    }
    return std::string();
  };
  EXPECT_THAT(set_cookie(), HasSubstr("; Path=/; Max-Age=43200; HttpOnly; SameSite=Strict"));
  Open({.required = true, .tls = true});
  EXPECT_THAT(set_cookie(), StartsWith("__Host-weir-session="));
  EXPECT_THAT(set_cookie(), HasSubstr("; Secure"));
}

TEST_F(GateTest, AChangeInASessionNeedsThePagesHeader) {
  const NewKey key = Make("a", {Role::kAnalyst});
  const std::string cookie = Cookie(LogIn(Token(key)));
  net::Request query = InSession("POST", "/v1/query", cookie);
  EXPECT_EQ(Admitted(query), 403);
  EXPECT_EQ(Failures("forged"), 1);
  net::Request out = InSession("DELETE", "/v1/session", cookie);
  EXPECT_EQ(server_->Ask("/v1/session", out).status, 403);
  query.headers.emplace_back("x-weir-request", "1");
  EXPECT_EQ(Admitted(query), 200);
  out.headers.emplace_back("x-weir-request", "1");
  const net::Response gone = server_->Ask("/v1/session", out);
  EXPECT_EQ(gone.status, 204);
  EXPECT_EQ(Cookie(gone), "weir-session=");
  EXPECT_EQ(Admitted(query), 401);
}

TEST_F(GateTest, SessionsEndAfterHalfAnHourOfSilenceAndHalfADay) {
  const NewKey key = Make("a", {Role::kViewer});
  const std::string idle = Cookie(LogIn(Token(key)));
  const std::string busy = Cookie(LogIn(Token(key)));
  clock_.AdvanceMillis(Sessions::kIdleMillis);
  EXPECT_EQ(Admitted(InSession("GET", "/v1/dashboards/x", busy)), 200);
  clock_.AdvanceMillis(1);
  EXPECT_EQ(Admitted(InSession("GET", "/v1/dashboards/x", idle)), 401);
  for (int64_t passed = Sessions::kIdleMillis + 1; passed < Sessions::kLongestMillis;) {
    EXPECT_EQ(Admitted(InSession("GET", "/v1/dashboards/x", busy)), 200);
    const int64_t step = std::min(Sessions::kIdleMillis, Sessions::kLongestMillis - passed);
    clock_.AdvanceMillis(step);
    passed += step;
  }
  EXPECT_EQ(Admitted(InSession("GET", "/v1/dashboards/x", busy)), 200);
  clock_.AdvanceMillis(1);
  EXPECT_EQ(Admitted(InSession("GET", "/v1/dashboards/x", busy)), 401);
  EXPECT_EQ(Failures("ended_session"), 2);
}

TEST_F(GateTest, SessionsOfOneKeyAreBounded) {
  Sessions sessions(clock_);
  const std::string first = *sessions.Begin("a");
  const std::string other = *sessions.Begin("b");
  for (size_t i = 0; i < Sessions::kMaxPerKey; ++i) {
    clock_.AdvanceMillis(1);
    ASSERT_TRUE(sessions.Begin("a").has_value());
  }
  EXPECT_EQ(sessions.Find(first), std::nullopt);
  EXPECT_EQ(sessions.Find(other), "b");
}

TEST_F(GateTest, GuessingIsSlowedDownByKeyAndAddress) {
  const NewKey key = Make("a", {Role::kViewer});
  const net::Request wrong = Ask("GET", "/v1/dashboards/x", key.info.id + ".wrong");
  for (int i = 0; i < static_cast<int>(Attempts::kKeyBurst); ++i) {
    EXPECT_EQ(Admitted(wrong), 401);
  }
  const net::Response slow = *gate_->Admit(wrong);
  EXPECT_EQ(slow.status, 429);
  EXPECT_THAT(slow.headers, testing::Contains(testing::Pair("Retry-After", "5")));
  EXPECT_EQ(Admitted(Ask("GET", "/v1/dashboards/x", Token(key))), 200) << "the right one is";
  EXPECT_EQ(LogIn(Token(key)).status, 201);
  EXPECT_EQ(Admitted(wrong), 429) << "and makes guessing no faster";
  clock_.AdvanceMillis(5'000);
  EXPECT_EQ(Admitted(wrong), 401);
  EXPECT_EQ(Admitted(wrong), 429);
  EXPECT_EQ(Failures("throttled"), 3);
}

TEST_F(GateTest, GuessingAtWhoIsLoggedInIsSlowedDownToo) {
  const NewKey key = Make("a", {Role::kViewer});
  const net::Request wrong = Ask("GET", "/v1/session", key.info.id + ".wrong");
  for (int i = 0; i < static_cast<int>(Attempts::kKeyBurst); ++i) {
    EXPECT_EQ(server_->Ask("/v1/session", wrong).status, 401);
  }
  EXPECT_EQ(server_->Ask("/v1/session", wrong).status, 429);
}

TEST_F(GateTest, ManyKeysFromOneAddressAreSlowedDownButThoseThatAreRight) {
  const NewKey key = Make("a", {Role::kViewer});
  for (int i = 0; i < static_cast<int>(Attempts::kAddressBurst); ++i) {
    EXPECT_EQ(Admitted(Ask("GET", "/version", fmt::format("WEIR{}.x", i))), 401);
  }
  EXPECT_EQ(Admitted(Ask("GET", "/version", "WEIRX.x")), 429);
  EXPECT_EQ(Admitted(Ask("GET", "/v1/dashboards/x", Token(key))), 200);
}

TEST_F(GateTest, OneNetworkOfIpv6GuessesAsOne) {
  const auto guess = [&](std::string remote) {
    net::Request request = Ask("GET", "/version", "WEIRX.x");
    request.remote = std::move(remote);
    return Admitted(request);
  };
  for (int i = 0; i < static_cast<int>(Attempts::kKeyBurst); ++i) {
    EXPECT_EQ(guess(fmt::format("2001:db8:0:1::{}:4711", i)), 401);
  }
  EXPECT_EQ(guess("2001:db8:0:1:ffff::1:4711"), 429);
  net::Request signed_guess = Ask("POST", "/");
  signed_guess.remote = "2001:db8:0:1:abcd::1:4711";
  signed_guess.headers.emplace_back("host", "localhost");
  signed_guess.headers.emplace_back("x-amz-date", "20200913T122640Z");
  signed_guess.headers.emplace_back(
      "authorization",
      "AWS4-HMAC-SHA256 Credential=WEIRX/20200913/us-east-1/kinesis/aws4_request, "
      "SignedHeaders=host;x-amz-date, Signature=" +
          std::string(64, '0'));
  EXPECT_THAT(gate_->CheckSignature(signed_guess).error().message,
              HasSubstr("too many failed attempts"));
  EXPECT_EQ(guess("2001:db8:0:2::1:4711"), 401);
}

TEST_F(GateTest, AttemptsAreBounded) {
  Attempts attempts(clock_);
  for (size_t i = 0; i < Attempts::kKeyBurst; ++i) {
    EXPECT_EQ(attempts.Failed("a", "k"), 0);
  }
  EXPECT_GT(attempts.Failed("a", "k"), 0);
  clock_.AdvanceMillis(1);
  for (size_t i = 0; i < Attempts::kMaxEntries; ++i) {
    attempts.Failed(fmt::format("b{}", i), "k");
  }
  EXPECT_EQ(attempts.Failed("a", "k"), 0) << "the one that was quiet is forgotten";
}

TEST_F(GateTest, AdminsManageKeysOverHttp) {
  const NewKey admin = Make("root", {Role::kAdmin});
  net::Request create = Ask("POST", "/v1/keys", Token(admin));
  create.body = R"({"name":"shop","roles":["ingest"],"streams":["clicks"]})";
  const net::Response made = server_->Ask("/v1/keys", create);
  ASSERT_EQ(made.status, 201) << made.body;
  const json::Value shop = *json::Parse(made.body);
  const std::string token = *shop.StringAt("id") + "." + *shop.StringAt("secret");
  EXPECT_TRUE(gate_->Check(Ask("POST", "/x", token), Action::kPutRecords, "clicks").has_value());
  const net::Response rotated = server_->Ask(
      "/v1/keys/{name}/rotate", Ask("POST", "/v1/keys/shop/rotate", Token(admin)), "shop");
  EXPECT_EQ(rotated.status, 201);
  const net::Response list = server_->Ask("/v1/keys", Ask("GET", "/v1/keys", Token(admin)));
  EXPECT_EQ(json::Parse(list.body)->Find("keys")->Items().size(), 3);
  EXPECT_THAT(list.body, Not(HasSubstr(*shop.StringAt("secret"))));
  const std::string id = *shop.StringAt("id");
  const net::Response revoked =
      server_->Ask("/v1/keys/{name}", Ask("DELETE", "/v1/keys/" + id, Token(admin)), id);
  EXPECT_EQ(revoked.status, 200);
  EXPECT_FALSE(gate_->Check(Ask("POST", "/x", token), Action::kPutRecords, "clicks").has_value());
  for (const char* body :
       {"", "[]", "{}", R"({"name":"a"})", R"({"name":"a","roles":["root"]})",
        R"({"name":"a","roles":"admin"})", R"({"name":"a","roles":["viewer"],"x":1})",
        R"({"name":"a b","roles":["viewer"]})"}) {
    create.body = body;
    EXPECT_EQ(server_->Ask("/v1/keys", create).status, 400) << body;
  }
  const NewKey viewer = Make("v", {Role::kOperator});
  EXPECT_EQ(server_->Ask("/v1/keys", Ask("GET", "/v1/keys", Token(viewer))).status, 403);
  const std::string audit = AuditText();
  for (const char* event : {"key.created", "key.rotated", "key.revoked"}) {
    EXPECT_THAT(audit, HasSubstr(fmt::format(R"("event":"{}","key":"{}")", event, admin.info.id)));
  }
}

TEST_F(GateTest, TheAuditLogTellsWhoAndNoSecrets) {
  const NewKey key = Make("a", {Role::kViewer});
  (void)LogIn(Token(key));
  (void)gate_->Admit(Ask("GET", "/metrics", Token(key)));
  (void)gate_->Admit(Ask("GET", "/metrics", key.info.id + ".wrong\"secret"));
  net::Request hostile = Ask("GET", "/a\nb\x1b[31m\"", "x\xff\x01y.z");
  hostile.remote = "192.0.2.9:5";
  (void)gate_->Admit(hostile);
  const std::string audit = AuditText();
  EXPECT_THAT(audit, HasSubstr(R"("event":"session.begun","key":")" + key.info.id));
  EXPECT_THAT(audit,
              HasSubstr(R"("object":"GET /metrics","reason":"not_allowed","address":"192.0.2.1")"));
  EXPECT_THAT(audit, HasSubstr(R"("key":"x??y","object":"GET /a?b?[31m\"")"));
  EXPECT_THAT(audit, Not(HasSubstr(key.secret)));
  EXPECT_THAT(audit, Not(HasSubstr("secret")));
  EXPECT_EQ(std::count(audit.begin(), audit.end(), '\n'), 4);
}

TEST_F(GateTest, NothingIsAskedWhileNotRequired) {
  Open({.required = false});
  for (const char* path : {"/", "/metrics", "/v1/keys", "/x"}) {
    EXPECT_EQ(Admitted(Ask("POST", path)), 200);
    EXPECT_EQ(Admitted(Ask("POST", path, "nonsense")), 200);
  }
  EXPECT_TRUE(gate_->Check(Ask("POST", "/x"), Action::kManageKeys).has_value());
  EXPECT_TRUE(gate_->CheckSignature(Ask("POST", "/")).has_value());
  EXPECT_TRUE(gate_->StillMay(Ask("GET", "/x"), Action::kQuery));
  EXPECT_TRUE(gate_->StillMay(Everyone(), Action::kReadRecords, "clicks"));
  const net::Response who = server_->Ask("/v1/session", Ask("GET", "/v1/session"));
  EXPECT_FALSE(*json::Parse(who.body)->BoolAt("required"));
}

TEST_F(GateTest, SignedRequestsAreThrottledAndAudited) {
  const NewKey key = Make("a", {Role::kIngest});
  net::Request request = Ask("POST", "/");
  request.headers.emplace_back("authorization",
                               "AWS4-HMAC-SHA256 Credential=" + key.info.id +
                                   "/20200913/us-east-1/kinesis/aws4_request, Signature=0");
  EXPECT_EQ(Admitted(request), 400);
  request.headers.emplace_back("content-type", "application/x-amz-cbor-1.1");
  const net::Response cbor = *gate_->Admit(request);
  EXPECT_EQ(cbor.content_type, "application/x-amz-cbor-1.1");
  EXPECT_THAT(cbor.body, StartsWith(std::string("\xA2\x79\x00\x06__type\x79", 11)));
  const Identity identity{.key_id = key.info.id, .roles = {Role::kIngest}, .streams = {}};
  const auto denied = gate_->Authorize(identity, Action::kReadRecords, "a", request);
  ASSERT_FALSE(denied.has_value());
  EXPECT_EQ(denied.error().type, "AccessDeniedException");
  EXPECT_THAT(denied.error().message, HasSubstr("may not read records of stream 'a'"));
  EXPECT_TRUE(gate_->Authorize(identity, Action::kPutRecords, "a", request).has_value());
  EXPECT_THAT(AuditText(), HasSubstr(R"("key":")" + key.info.id + R"(","object":"POST /")"));
}

}  // namespace
}  // namespace weir::auth
