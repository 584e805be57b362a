#pragma once

#include <span>
#include <string_view>

namespace weir::dashboard {

/// A file of the page, embedded by cmake/web.cmake.
struct WebFile {
  std::string_view path;  ///< "/index.html"
  std::string_view content_type;
  std::string_view etag;  ///< With its quotes.
  std::string_view body;
  std::string_view gzip;  ///< The same, compressed.
};

/// All files; none when the program was built with WEIR_WEB=OFF.
std::span<const WebFile> WebFiles();

}  // namespace weir::dashboard
