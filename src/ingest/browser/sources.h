#pragma once

#include <map>
#include <string>
#include <string_view>

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

  // When there is one resource alone, its; else null.
  const Source* Only() const;

 private:
  std::map<std::string, Source, std::less<>> by_origin_;
  size_t resources_ = 0;
};

// "https://shop.example/a?b" -> "https://shop.example"; "" when it is no such text.
std::string_view OriginOf(std::string_view url);

}  // namespace weir::ingest::browser
