#include "ingest/stream_names.h"

#include <algorithm>
#include <vector>

namespace weir::ingest {
namespace {

constexpr size_t kMaxQuotedName = 128;
constexpr size_t kMaxListedNames = 20;

char LowerCase(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

// Insertions, deletions and replacements between the two, without regard to case.
size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) {
    row[j] = j;
  }
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = diagonal + (LowerCase(a[i - 1]) == LowerCase(b[j - 1]) ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row[b.size()];
}

}  // namespace

base::Error UnknownStream(const log::Log& log, std::string_view name) {
  name = name.substr(0, kMaxQuotedName);
  std::vector<std::string> names;
  for (const log::Stream* stream : log.Streams()) {
    names.push_back(stream->definition().name);
  }
  std::ranges::sort(names);
  std::string hint = "there are no streams yet: deploy a stack";
  if (!names.empty()) {
    const auto closest = std::ranges::min_element(
        names, {}, [&](const std::string& known) { return EditDistance(known, name); });
    if (EditDistance(*closest, name) <= std::max<size_t>(2, name.size() / 3)) {
      hint = fmt::format("did you mean '{}'?", *closest);
    } else {
      const bool more = names.size() > kMaxListedNames;
      names.resize(std::min(names.size(), kMaxListedNames));
      hint = fmt::format("there are: {}{}", fmt::join(names, ", "), more ? ", …" : "");
    }
  }
  return {base::Code::kNotFound, fmt::format("no stream named '{}'; {}", name, hint)};
}

}  // namespace weir::ingest
