#include "ingest/files/put_files.h"

#include <algorithm>
#include <optional>

#include "ingest/files/csv_row.h"
#include "ingest/files/text_reader.h"
#include "ingest/record_screen.h"
#include "ingest/trim.h"

namespace weir::ingest {
namespace {

// Room for the JSON of CSV rows; a batch ends when it is nearly used up, so that views into it stay
// valid.
constexpr size_t kArenaBytes = 8 << 20;
// A row can grow to this when each of its bytes is escaped and each field gets its name.
constexpr size_t kMaxRowJson = 3 << 20;

// Puts one file.
class FilePut {
 public:
  FilePut(base::Clock& clock, const std::string& path, const PutOptions& options, RecordSink& sink,
          PutReport& report, const PutProgress& progress)
      : clock_(clock),
        path_(path),
        sink_(sink),
        report_(report),
        progress_(progress),
        batch_records_(std::clamp<size_t>(options.batch_records, 1, 5'000)),
        csv_(options.format == FileFormat::kCsv ||
             (options.format == FileFormat::kByName && path.ends_with(".csv"))),
        screen_({.partition_key_field = options.partition_key_field,
                 .arrival_field = options.arrival_field}) {
    arena_.reserve(csv_ ? kArenaBytes : 0);
  }

  base::Result<void> Run(base::FileSystem& files) {
    ASSIGN_OR_RETURN(reader_, TextReader::Open(files, path_, csv_));
    for (;;) {
      ASSIGN_OR_RETURN(const bool more, reader_->Fill());
      while (const auto unit = reader_->Next()) {
        RETURN_IF_ERROR(Take(*unit));
        if (entries_.size() >= batch_records_ || arena_.size() + kMaxRowJson > kArenaBytes) {
          RETURN_IF_ERROR(Flush());
        }
      }
      RETURN_IF_ERROR(Flush());
      if (!more) {
        break;
      }
    }
    return sink_.Finish();
  }

 private:
  base::Result<void> Take(const TextReader::Unit& unit) {
    if (unit.too_long) {
      Reject(unit.line, fmt::format("longer than {} bytes", TextReader::kMaxUnitBytes));
      return {};
    }
    std::string_view text = Trim(unit.text);
    if (text.empty()) {
      return {};
    }
    if (csv_) {
      text = unit.text;
      if (!rows_) {
        auto rows = CsvRows::Create(text);
        if (!rows) {
          return std::unexpected(base::Within(fmt::format("'{}'", path_), std::move(rows).error()));
        }
        rows_ = *std::move(rows);
        return {};
      }
      const size_t before = arena_.size();
      if (auto appended = rows_->Append(text, arena_); !appended) {
        Reject(unit.line, std::move(appended).error().message);
        return {};
      }
      text = std::string_view(arena_).substr(before);
    }
    Admit(text, unit.line);
    return {};
  }

  void Admit(std::string_view text, uint64_t line) {
    if (entries_.empty()) {
      screen_.Begin(clock_.WallMillis(), SpreadKey(text));
    }
    auto entry = screen_.Admit(text);
    if (!entry) {
      return Reject(line, std::move(entry).error().message);
    }
    entries_.push_back(*std::move(entry));
    lines_.push_back(line);
  }

  void Reject(uint64_t line, std::string error) {
    ++report_.rejected;
    if (report_.rejections.size() < kMaxListedRejections) {
      report_.rejections.push_back({path_, line, std::move(error)});
    }
  }

  base::Result<void> Flush() {
    if (!entries_.empty()) {
      uint64_t refused = 0;
      uint64_t refused_bytes = 0;
      RETURN_IF_ERROR(sink_.Put(entries_, [&](size_t index, std::string error) {
        ++refused;
        refused_bytes += entries_[index].data.size();
        Reject(lines_[index], std::move(error));
      }));
      report_.records += entries_.size() - refused;
      for (const log::Entry& entry : entries_) {
        report_.bytes += entry.data.size();
      }
      report_.bytes -= refused_bytes;
    }
    entries_.clear();
    lines_.clear();
    arena_.clear();
    if (progress_) {
      progress_(reader_->bytes_done(), reader_->bytes_total());
    }
    return {};
  }

  base::Clock& clock_;
  const std::string& path_;
  RecordSink& sink_;
  PutReport& report_;
  const PutProgress& progress_;
  const size_t batch_records_;
  const bool csv_;
  RecordScreen screen_;
  std::unique_ptr<TextReader> reader_;
  std::optional<CsvRows> rows_;
  std::string arena_;
  std::vector<log::Entry> entries_;
  std::vector<uint64_t> lines_;
};

}  // namespace

base::Result<void> PutFile(base::FileSystem& files, base::Clock& clock, const std::string& path,
                           const PutOptions& options, RecordSink& sink, PutReport& report,
                           const PutProgress& progress) {
  return FilePut(clock, path, options, sink, report, progress).Run(files);
}

}  // namespace weir::ingest
