#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace weir::ingest::http {

// Takes a body apart into the texts of its records: lines, or the elements of one JSON array when
// its first character is '['. Does not check the texts.
class RecordSplitter {
 public:
  // `body` is kept; line breaks between the tokens of array elements are replaced by spaces, so
  // that a record is one line.
  explicit RecordSplitter(std::string& body);

  struct Piece {
    std::string_view text;
    size_t number = 0;  // Line or element, from 1.
  };

  // The next record that is not blank; nothing at the end. kInvalidArgument when an array is not
  // one.
  base::Result<std::optional<Piece>> Next();

 private:
  std::optional<Piece> NextLine();
  base::Result<std::optional<Piece>> NextElement();
  base::Result<size_t> EndOfElement(size_t start);

  std::string& body_;
  bool array_ = false;
  bool ended_ = false;
  size_t at_ = 0;
  size_t number_ = 0;
};

}  // namespace weir::ingest::http
