#include "ingest/deduplication/run_file.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/bytes.h"
#include "base/crc32c.h"

namespace weir::ingest::deduplication {
namespace {

constexpr std::string_view kMagic = "WEIRDDR2";
constexpr size_t kPreambleBytes = 16;  // Magic, length and checksum of what describes the run.
constexpr size_t kEventBytes = 28;
constexpr size_t kBlockEvents = 128;
// The filter: one block of 512 bits per hash, of which it has eight.
constexpr size_t kFilterBlockWords = 8;
constexpr size_t kFilterEventsPerBlock = 42;  // About twelve bits for each.

size_t FilterBlocks(uint64_t events) {
  return events / kFilterEventsPerBlock + 1;
}

// The bits of `hash` in each word of its block.
uint64_t FilterBit(EventHash hash, size_t word) {
  return uint64_t{1} << (hash.low >> (word * 6) & 63);
}

size_t FilterBlockOf(EventHash hash, size_t blocks) {
  return static_cast<size_t>(static_cast<unsigned __int128>(hash.high) * blocks >> 64);
}

std::string EncodeEvents(const std::vector<PlacedEvent>& events) {
  std::string bytes;
  bytes.reserve(events.size() * kEventBytes);
  base::ByteWriter writer(bytes);
  for (const PlacedEvent& event : events) {
    writer.U64(event.hash.high);
    writer.U64(event.hash.low);
    writer.U32(event.place.shard);
    writer.U64(event.place.sequence);
  }
  return bytes;
}

void WriteHeader(const RunHeader& header, base::ByteWriter& writer) {
  writer.String(header.stream);
  writer.I64(header.stream_created);
  writer.String(header.field);
  writer.I64(header.horizon_millis);
  writer.U64(header.number);
  writer.Bytes({header.hash_key.data(), header.hash_key.size()});
  writer.I64(header.newest_arrival);
  writer.Varint(header.covered.size());
  for (const auto& [shard, sequence] : header.covered) {
    writer.U32(shard);
    writer.U64(sequence);
  }
}

void ReadHeader(base::ByteReader& reader, RunHeader& header) {
  header.stream = reader.String();
  header.stream_created = reader.I64();
  header.field = reader.String();
  header.horizon_millis = reader.I64();
  header.number = reader.U64();
  const std::string_view key = reader.Bytes(header.hash_key.size());
  key.copy(header.hash_key.data(), key.size());
  header.newest_arrival = reader.I64();
  for (uint64_t left = reader.Varint(); left > 0 && reader.ok(); --left) {
    const uint32_t shard = reader.U32();
    header.covered[shard] = reader.U64();
  }
}

std::string EncodeMeta(const RunHeader& header, const std::vector<PlacedEvent>& events,
                       std::string_view encoded) {
  std::string meta;
  base::ByteWriter writer(meta);
  WriteHeader(header, writer);
  writer.U64(events.size());
  for (size_t first = 0; first < events.size(); first += kBlockEvents) {
    writer.U64(events[first].hash.high);
    writer.U32(base::Crc32c(encoded.substr(first * kEventBytes, kBlockEvents * kEventBytes)));
  }
  const size_t blocks = FilterBlocks(events.size());
  std::vector<uint64_t> filter(blocks * kFilterBlockWords);
  for (const PlacedEvent& event : events) {
    const size_t block = FilterBlockOf(event.hash, blocks) * kFilterBlockWords;
    for (size_t word = 0; word < kFilterBlockWords; ++word) {
      filter[block + word] |= FilterBit(event.hash, word);
    }
  }
  for (const uint64_t word : filter) {
    writer.U64(word);
  }
  return meta;
}

base::Result<std::string> ReadExactly(base::File& file, uint64_t offset, size_t size) {
  std::string bytes(size, '\0');
  ASSIGN_OR_RETURN(const size_t got, file.ReadAt(offset, bytes));
  bytes.resize(got);
  return bytes;
}

}  // namespace

base::Result<void> Run::Write(base::FileSystem& files, const std::string& path,
                              const RunHeader& header, const std::vector<PlacedEvent>& events) {
  const std::string encoded = EncodeEvents(events);
  const std::string meta = EncodeMeta(header, events, encoded);
  std::string bytes(kMagic);
  bytes.reserve(kPreambleBytes + meta.size() + encoded.size());
  base::ByteWriter writer(bytes);
  writer.U32(static_cast<uint32_t>(meta.size()));
  writer.U32(base::Crc32c(meta));
  bytes.append(meta).append(encoded);
  return base::ReplaceFile(files, path, bytes);
}

base::Result<std::unique_ptr<Run>> Run::Open(base::FileSystem& files, std::string path) {
  std::unique_ptr<Run> run(new Run());
  run->path_ = std::move(path);
  auto loaded = run->Load(files);
  if (!loaded.has_value()) {
    return std::unexpected(base::Within(run->path_, std::move(loaded).error()));
  }
  return run;
}

base::Result<void> Run::Load(base::FileSystem& files) {
  ASSIGN_OR_RETURN(file_, files.Open(path_, base::OpenMode::kRead));
  ASSIGN_OR_RETURN(const uint64_t file_size, file_->Size());
  ASSIGN_OR_RETURN(const std::string preamble, ReadExactly(*file_, 0, kPreambleBytes));
  base::ByteReader reader(preamble);
  const std::string_view magic = reader.Bytes(kMagic.size());
  const uint64_t meta_size = reader.U32();
  const uint32_t crc = reader.U32();
  if (!reader.ok() || magic != kMagic || kPreambleBytes + meta_size > file_size) {
    return base::Fail(base::Code::kDataLoss, "not a run of event ids, or cut off");
  }
  ASSIGN_OR_RETURN(const std::string meta, ReadExactly(*file_, kPreambleBytes, meta_size));
  if (base::Crc32c(meta) != crc) {
    return base::Fail(base::Code::kDataLoss, "what describes the run is damaged");
  }
  RETURN_IF_ERROR(ReadMeta(meta));
  events_offset_ = kPreambleBytes + meta_size;
  if (events_offset_ + size_ * kEventBytes != file_size) {
    return base::Fail(base::Code::kDataLoss, "{} events do not end with the file", size_);
  }
  return {};
}

base::Result<void> Run::ReadMeta(std::string_view meta) {
  base::ByteReader reader(meta);
  ReadHeader(reader, header_);
  size_ = reader.U64();
  if (!reader.ok() || size_ / kFilterEventsPerBlock > reader.remaining()) {
    return base::Fail(base::Code::kDataLoss, "what describes the run is too short");
  }
  fences_.resize((size_ + kBlockEvents - 1) / kBlockEvents);
  for (Fence& fence : fences_) {
    fence.first = reader.U64();
    fence.crc = reader.U32();
  }
  filter_.resize(FilterBlocks(size_) * kFilterBlockWords);
  for (uint64_t& word : filter_) {
    word = reader.U64();
  }
  if (!reader.ok() || reader.remaining() > 0) {
    return base::Fail(base::Code::kDataLoss, "what describes the run has another length");
  }
  return {};
}

bool Run::MayHold(EventHash hash) const {
  const size_t block = FilterBlockOf(hash, filter_.size() / kFilterBlockWords) * kFilterBlockWords;
  for (size_t word = 0; word < kFilterBlockWords; ++word) {
    if ((filter_[block + word] & FilterBit(hash, word)) == 0) {
      return false;
    }
  }
  return true;
}

base::Result<std::string> Run::ReadBlock(size_t block) const {
  const uint64_t first = block * kBlockEvents;
  const size_t count = std::min<uint64_t>(kBlockEvents, size_ - first);
  ASSIGN_OR_RETURN(std::string bytes,
                   ReadExactly(*file_, events_offset_ + first * kEventBytes, count * kEventBytes));
  if (base::Crc32c(bytes) != fences_[block].crc) {
    return base::Fail(base::Code::kDataLoss, "'{}' is damaged in the events from {} on", path_,
                      first);
  }
  return bytes;
}

base::Result<std::optional<Place>> Run::Find(EventHash hash) const {
  if (!MayHold(hash)) {
    return std::nullopt;
  }
  // From the last block that begins before the hash, since blocks may begin with equal halves.
  auto fence = std::ranges::lower_bound(fences_, hash.high, {}, &Fence::first);
  size_t block = static_cast<size_t>(fence - fences_.begin());
  block -= block > 0 ? 1 : 0;
  for (; block < fences_.size() && fences_[block].first <= hash.high; ++block) {
    ASSIGN_OR_RETURN(const std::string bytes, ReadBlock(block));
    base::ByteReader reader(bytes);
    while (reader.remaining() > 0) {
      const uint64_t high = reader.U64();
      const uint64_t low = reader.U64();
      const uint32_t shard = reader.U32();
      const uint64_t sequence = reader.U64();
      if (EventHash{high, low} == hash) {
        return Place{shard, sequence};
      }
    }
  }
  return std::nullopt;
}

}  // namespace weir::ingest::deduplication
