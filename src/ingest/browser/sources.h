#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "catalog/catalog.h"

namespace weir::ingest::browser {

// Where the events of some pages go.
struct Source {
  std::string click_stream;
  std::string order_stream;  // "" when orders are not taken from browsers
};

// The Weir::BrowserSource resources, by origin. Thread-safe.
class Sources {
 public:
  static base::Result<Sources> Read(catalog::Catalog& catalog);

  bool empty() const { return by_origin_.empty(); }

  // Of pages of `origin`; null when it is not allowed.
  const Source* Find(std::string_view origin) const;

  // Of pixels that do not say where they are shown: that of the one resource that takes such;
  // null without one, or when several do.
  const Source* WithoutReferer() const;

 private:
  std::map<std::string, Source, std::less<>> by_origin_;
  std::vector<Source> without_referer_;
};

// "https://shop.example/a?b" -> "https://shop.example"; "" when it is no such text.
std::string_view OriginOf(std::string_view url);

}  // namespace weir::ingest::browser
