#include "auth/access.h"

namespace weir::auth {

namespace {

struct Rule {
  std::string_view method;  // "" for all
  std::string_view path;    // ends in '/': everything below, too
  Access access;
};

constexpr Rule kRules[] = {
    {"GET", "/", {Need::kNothing, {}}},
    {"HEAD", "/", {Need::kNothing, {}}},
    {"", "/assets/", {Need::kNothing, {}}},
    {"", "/livez", {Need::kNothing, {}}},
    {"", "/readyz", {Need::kNothing, {}}},
    {"", "/healthz", {Need::kNothing, {}}},
    {"", "/v1/session", {Need::kNothing, {}}},
    // These ask for an allowed origin, or for a signature with the source's own secret.
    {"", "/weir.js", {Need::kNothing, {}}},
    {"", "/p.gif", {Need::kNothing, {}}},
    {"", "/v1/collect", {Need::kNothing, {}}},
    {"", "/v1/webhooks/", {Need::kNothing, {}}},
    {"POST", "/", {Need::kSignature, {}}},
    {"", "/metrics", {Need::kAction, Action::kOperate}},
    {"", "/v1/stack", {Need::kAction, Action::kOperate}},
    {"", "/v1/keys", {Need::kAction, Action::kManageKeys}},
    {"", "/v1/keys/", {Need::kAction, Action::kManageKeys}},
    {"", "/v1/dashboards/", {Need::kAction, Action::kViewDashboard}},
    {"", "/v1/query", {Need::kAction, Action::kQuery}},
};

bool Fits(const Rule& rule, const net::Request& head) {
  if (!rule.method.empty() && rule.method != head.method) {
    return false;
  }
  const std::string_view path = head.path;
  const bool below = rule.path.size() > 1 && rule.path.ends_with('/');
  return below ? path.starts_with(rule.path) : path == rule.path;
}

}  // namespace

Access AccessOf(const net::Request& head) {
  // The checks in detail name streams and applications.
  if ((head.path == "/readyz" || head.path == "/healthz") && head.query.contains("verbose")) {
    return {Need::kAction, Action::kOperate};
  }
  for (const Rule& rule : kRules) {
    if (Fits(rule, head)) {
      return rule.access;
    }
  }
  return {};
}

}  // namespace weir::auth
