#pragma once

#include <map>
#include <string>
#include <string_view>

namespace weir::catalog {

// Partition values as one text, "hour=07/year=2026": keys sorted, '%', '/', '=' and control
// characters as %XX.
std::string FormatPartition(const std::map<std::string, std::string>& partition);
std::map<std::string, std::string> ParsePartition(std::string_view text);

}  // namespace weir::catalog
