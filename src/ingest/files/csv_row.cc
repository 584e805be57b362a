#include "ingest/files/csv_row.h"

#include <algorithm>
#include <set>

namespace weir::ingest {
namespace {

struct Field {
  std::string_view text;  // Of a quoted field, what is between the quotes, with its doubled quotes.
  bool quoted = false;
};

// Takes the next field off `rest`; `last` tells that no comma follows it.
base::Result<Field> TakeField(std::string_view& rest, bool& last) {
  Field field;
  size_t end = 0;
  if (rest.starts_with('"')) {
    field.quoted = true;
    end = 1;
    while (end < rest.size() && !(rest[end] == '"' && !rest.substr(end + 1).starts_with('"'))) {
      end += rest[end] == '"' ? 2 : 1;
    }
    if (end >= rest.size()) {
      return base::Fail(base::Code::kInvalidArgument, "a quoted field is not closed");
    }
    field.text = rest.substr(1, end - 1);
    ++end;
    if (end < rest.size() && rest[end] != ',') {
      return base::Fail(base::Code::kInvalidArgument, "text follows the quoted field \"{}\"",
                        field.text.substr(0, 40));
    }
  } else {
    end = std::min(rest.find(','), rest.size());
    field.text = rest.substr(0, end);
    if (field.text.find('"') != std::string_view::npos) {
      return base::Fail(base::Code::kInvalidArgument,
                        "a quote in the field {}: quote the whole field and double its quotes",
                        field.text.substr(0, 40));
    }
  }
  last = end == rest.size();
  rest.remove_prefix(last ? end : end + 1);
  return field;
}

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

size_t CountDigits(std::string_view text) {
  return static_cast<size_t>(std::ranges::find_if_not(text, IsDigit) - text.begin());
}

// A JSON number without exponent, so that writing it again gives the same text.
bool IsCanonicalNumber(std::string_view text) {
  if (text.starts_with('-')) {
    text.remove_prefix(1);
  }
  const size_t whole = CountDigits(text);
  if (whole == 0 || (whole > 1 && text.front() == '0')) {
    return false;
  }
  text.remove_prefix(whole);
  return text.empty() ||
         (text.front() == '.' && text.size() > 1 && CountDigits(text.substr(1)) == text.size() - 1);
}

// Bytes that are no UTF-8 pass as they are, so that the record is refused for them.
void AppendString(const Field& field, std::string& out) {
  out.push_back('"');
  for (size_t i = 0; i < field.text.size(); ++i) {
    const char c = field.text[i];
    if (c == '"') {
      out.append("\\\"");
      i += field.quoted ? 1 : 0;
    } else if (c == '\\') {
      out.append("\\\\");
    } else if (static_cast<unsigned char>(c) < 0x20) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned char>(c));
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
}

}  // namespace

base::Result<CsvRows> CsvRows::Create(std::string_view header) {
  CsvRows rows;
  std::set<std::string> names;
  bool last = false;
  while (!last) {
    ASSIGN_OR_RETURN(const Field field, TakeField(header, last));
    std::string name;
    AppendString(field, name);
    if (field.text.empty() || !names.insert(name).second || names.size() > kMaxColumns) {
      return base::Fail(base::Code::kInvalidArgument,
                        "column {} of the header is {}: name each of at most {} columns, once",
                        rows.prefixes_.size() + 1,
                        field.text.empty() ? "empty" : "one too many: " + name, kMaxColumns);
    }
    rows.prefixes_.push_back((rows.prefixes_.empty() ? "{" : ",") + name + ":");
  }
  return rows;
}

base::Result<void> CsvRows::Append(std::string_view row, std::string& out) const {
  const size_t before = out.size();
  size_t count = 0;
  bool last = false;
  while (!last) {
    auto field = TakeField(row, last);
    if (!field) {
      out.resize(before);
      return std::unexpected(std::move(field).error());
    }
    if (count < prefixes_.size()) {
      out.append(prefixes_[count]);
      if (!field->quoted && field->text.empty()) {
        out.append("null");
      } else if (!field->quoted && IsCanonicalNumber(field->text)) {
        out.append(field->text);
      } else {
        AppendString(*field, out);
      }
    }
    ++count;
  }
  out.push_back('}');
  if (count != prefixes_.size()) {
    out.resize(before);
    return base::Fail(base::Code::kInvalidArgument, "the row has {} fields, the header {}", count,
                      prefixes_.size());
  }
  return {};
}

}  // namespace weir::ingest
