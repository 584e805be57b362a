#include "ingest/browser/sources.h"

#include "json/document.h"

namespace weir::ingest::browser {

base::Result<Sources> Sources::Read(catalog::Catalog& catalog) {
  Sources sources;
  ASSIGN_OR_RETURN(const auto resources, catalog.List("Weir::BrowserSource"));
  for (const catalog::Resource& resource : resources) {
    ASSIGN_OR_RETURN(const json::Value definition, json::Parse(resource.definition));
    Source source;
    ASSIGN_OR_RETURN(source.click_stream, definition.StringAt("ClickStream"));
    if (definition.Find("OrderStream") != nullptr) {
      ASSIGN_OR_RETURN(source.order_stream, definition.StringAt("OrderStream"));
    }
    if (const json::Value* const takes = definition.Find("PixelsWithoutReferer");
        takes != nullptr && takes->AsBool().value_or(false)) {
      sources.without_referer_.push_back(source);
    }
    const json::Value* const origins = definition.Find("AllowedOrigins");
    for (size_t i = 0; origins != nullptr && i < origins->Items().size(); ++i) {
      sources.by_origin_.emplace(origins->Items()[i].AsString().value_or(""), source);
    }
  }
  return sources;
}

const Source* Sources::Find(std::string_view origin) const {
  const auto found = by_origin_.find(origin);
  return found == by_origin_.end() ? nullptr : &found->second;
}

const Source* Sources::WithoutReferer() const {
  return without_referer_.size() == 1 ? &without_referer_.front() : nullptr;
}

std::string_view OriginOf(std::string_view url) {
  const size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) {
    return {};
  }
  return url.substr(0, url.find_first_of("/?#", scheme + 3));
}

}  // namespace weir::ingest::browser
