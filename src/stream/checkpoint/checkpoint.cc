#include "stream/checkpoint/checkpoint.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <utility>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "base/format.h"
#include "base/logging.h"
#include "base/md5.h"

namespace weir::stream {

namespace {

constexpr std::string_view kMagic = "WEIRCKPT";
constexpr uint32_t kVersion = 1;
constexpr std::string_view kSuffix = ".checkpoint";
constexpr std::string_view kDamaged = ".damaged";
constexpr size_t kFingerprintBytes = 16;
constexpr size_t kKept = 2;

void WritePositions(base::ByteWriter& writer, const Positions& positions) {
  writer.Varint(positions.size());
  for (const auto& [shard, sequence] : positions) {
    writer.U32(shard);
    writer.U64(sequence.value);
  }
}

Positions ReadPositions(base::ByteReader& reader) {
  Positions positions;
  const uint64_t count = reader.Varint();
  for (uint64_t i = 0; i < count && reader.ok(); ++i) {
    const uint32_t shard = reader.U32();
    positions[shard] = model::Sequence{reader.U64()};
  }
  return positions;
}

// The counters in the order of the file.
template <typename Counters>
auto Fields(Counters& counters) {
  return std::array{&counters.records_in, &counters.records_rejected, &counters.rows_in,
                    &counters.row_errors, &counters.rows_out,         &counters.checkpoints};
}

std::string FileNameOf(uint64_t number) {
  return fmt::format("{:020}{}", number, kSuffix);
}

std::optional<uint64_t> NumberOf(std::string_view name) {
  if (!name.ends_with(kSuffix)) {
    return std::nullopt;
  }
  name.remove_suffix(kSuffix.size());
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc() || end != name.data() + name.size()) {
    return std::nullopt;
  }
  return number;
}

// Numbers of the checkpoint files in the folder, newest first; *highest counts the damaged ones
// too.
base::Result<std::vector<uint64_t>> ListNumbers(base::FileSystem& files, const std::string& folder,
                                                uint64_t* highest) {
  ASSIGN_OR_RETURN(const std::vector<base::DirectoryEntry> entries, files.List(folder));
  std::vector<uint64_t> numbers;
  *highest = 0;
  for (const base::DirectoryEntry& entry : entries) {
    std::string_view name = entry.name;
    const bool damaged = name.ends_with(kDamaged);
    if (damaged) {
      name.remove_suffix(kDamaged.size());
    }
    if (const std::optional<uint64_t> number = NumberOf(name)) {
      *highest = std::max(*highest, *number);
      if (!damaged) {
        numbers.push_back(*number);
      }
    }
  }
  std::ranges::sort(numbers, std::greater<>{});
  return numbers;
}

base::Result<Checkpoint> ReadCheckpoint(base::FileSystem& files, const std::string& path,
                                        uint64_t number) {
  ASSIGN_OR_RETURN(const std::string bytes, base::ReadFile(files, path));
  auto checkpoint = DecodeCheckpoint(bytes);
  if (!checkpoint) {
    return std::unexpected(base::Within(path, checkpoint.error()));
  }
  if (checkpoint->number != number) {
    return base::Fail(base::Code::kDataLoss, "{}: holds checkpoint {}", path, checkpoint->number);
  }
  return checkpoint;
}

}  // namespace

std::string Fingerprint(const ApplicationDefinition& definition, const sql::Program& program) {
  std::string text;
  const auto add = [&](std::string_view part) {
    text += part;
    text.push_back('\0');
  };
  add(program.ToString());
  add(definition.input.stream);
  add(definition.input.name_prefix);
  add(definition.input.row_path);
  for (const InputColumn& column : definition.input.columns) {
    add(column.name);
    add(column.mapping);
    add(column.type.ToString());
  }
  for (const OutputDefinition& output : definition.outputs) {
    add(output.in_application_stream);
    add(output.destination);
  }
  const unsigned __int128 hash = base::Md5(text);
  std::string fingerprint(kFingerprintBytes, '\0');
  for (size_t i = 0; i < kFingerprintBytes; ++i) {
    fingerprint[i] = static_cast<char>(hash >> (8 * (kFingerprintBytes - 1 - i)));
  }
  return fingerprint;
}

std::string EncodeCheckpoint(const Checkpoint& checkpoint) {
  std::string bytes;
  base::ByteWriter writer(bytes);
  writer.Bytes(kMagic);
  writer.U32(kVersion);
  writer.U64(checkpoint.number);
  writer.String(checkpoint.application);
  writer.Bytes(checkpoint.fingerprint);
  WritePositions(writer, checkpoint.input);
  WritePositions(writer, checkpoint.origin);
  writer.Varint(checkpoint.outputs.size());
  for (const Checkpoint::Output& output : checkpoint.outputs) {
    writer.String(output.in_application_stream);
    writer.Varint(output.next_ordinal);
    writer.Varint(output.first_ordinal);
  }
  for (const uint64_t* field : Fields(checkpoint.counters)) {
    writer.Varint(*field);
  }
  writer.String(checkpoint.state);
  writer.U32(base::Crc32c(bytes));
  return bytes;
}

base::Result<Checkpoint> DecodeCheckpoint(std::string_view bytes) {
  constexpr size_t kChecksumBytes = 4;
  if (bytes.size() < kMagic.size() + kChecksumBytes * 2 || !bytes.starts_with(kMagic)) {
    return base::Fail(base::Code::kDataLoss, "no checkpoint: {} bytes without its magic",
                      bytes.size());
  }
  base::ByteReader checksum(bytes.substr(bytes.size() - kChecksumBytes));
  bytes.remove_suffix(kChecksumBytes);
  if (checksum.U32() != base::Crc32c(bytes)) {
    return base::Fail(base::Code::kDataLoss,
                      "the checkpoint's checksum does not match its {} bytes", bytes.size());
  }
  base::ByteReader reader(bytes.substr(kMagic.size()));
  if (const uint32_t version = reader.U32(); version != kVersion) {
    return base::Fail(base::Code::kFailedPrecondition,
                      "the checkpoint has format version {}; this program reads version {}",
                      version, kVersion);
  }
  Checkpoint checkpoint;
  checkpoint.number = reader.U64();
  checkpoint.application = reader.String();
  checkpoint.fingerprint = reader.Bytes(kFingerprintBytes);
  checkpoint.input = ReadPositions(reader);
  checkpoint.origin = ReadPositions(reader);
  const uint64_t outputs = reader.Varint();
  for (uint64_t i = 0; i < outputs && reader.ok(); ++i) {
    Checkpoint::Output output;
    output.in_application_stream = reader.String();
    output.next_ordinal = reader.Varint();
    output.first_ordinal = reader.Varint();
    checkpoint.outputs.push_back(std::move(output));
  }
  for (uint64_t* field : Fields(checkpoint.counters)) {
    *field = reader.Varint();
  }
  checkpoint.state = reader.String();
  if (!reader.ok() || reader.remaining() != 0) {
    return base::Fail(base::Code::kDataLoss, "the checkpoint's fields do not fill its bytes");
  }
  return checkpoint;
}

base::Result<CheckpointStore> CheckpointStore::Open(base::FileSystem& files, std::string folder) {
  RETURN_IF_ERROR(files.CreateDirectories(folder));
  return CheckpointStore(files, std::move(folder));
}

base::Result<std::vector<Checkpoint>> CheckpointStore::Load() {
  uint64_t highest = 0;
  ASSIGN_OR_RETURN(const std::vector<uint64_t> numbers, ListNumbers(*files_, folder_, &highest));
  next_number_ = highest + 1;
  std::vector<Checkpoint> valid;
  std::string problem;
  for (const uint64_t number : numbers) {
    if (valid.size() == kKept) {
      break;
    }
    const std::string path = base::JoinPath(folder_, FileNameOf(number));
    auto checkpoint = ReadCheckpoint(*files_, path, number);
    if (checkpoint) {
      valid.push_back(std::move(*checkpoint));
      continue;
    }
    if (checkpoint.error().code != base::Code::kDataLoss) {
      return std::unexpected(checkpoint.error());
    }
    problem = checkpoint.error().message;
    base::LogEvent(base::LogLevel::kError, "stream.damaged_checkpoint",
                   "a checkpoint is damaged and set aside; the one before it is used",
                   {{"problem", problem}});
    RETURN_IF_ERROR(files_->Rename(path, path + std::string(kDamaged)));
    RETURN_IF_ERROR(files_->SyncDirectory(folder_));
  }
  if (valid.empty() && highest != 0) {
    return base::Fail(base::Code::kDataLoss,
                      "no checkpoint in {} is valid{}{}; restore the folder from a copy, or remove "
                      "it together with "
                      "the application's derived streams to compute them again",
                      folder_, problem.empty() ? "" : ": ", problem);
  }
  return valid;
}

base::Result<std::vector<Checkpoint>> CheckpointStore::Peek(base::FileSystem& files,
                                                            const std::string& folder) {
  std::vector<Checkpoint> valid;
  if (!files.Exists(folder)) {
    return valid;
  }
  uint64_t highest = 0;
  ASSIGN_OR_RETURN(const std::vector<uint64_t> numbers, ListNumbers(files, folder, &highest));
  for (const uint64_t number : numbers) {
    if (auto checkpoint =
            ReadCheckpoint(files, base::JoinPath(folder, FileNameOf(number)), number)) {
      valid.push_back(std::move(*checkpoint));
    }
  }
  return valid;
}

base::Result<void> CheckpointStore::Write(Checkpoint& checkpoint) {
  checkpoint.number = next_number_;
  const std::string path = base::JoinPath(folder_, FileNameOf(checkpoint.number));
  RETURN_IF_ERROR(base::ReplaceFile(*files_, path, EncodeCheckpoint(checkpoint)));
  ++next_number_;
  return RemoveOld();
}

base::Result<void> CheckpointStore::RemoveOld() {
  uint64_t highest = 0;
  ASSIGN_OR_RETURN(const std::vector<uint64_t> numbers, ListNumbers(*files_, folder_, &highest));
  for (size_t i = kKept; i < numbers.size(); ++i) {
    RETURN_IF_ERROR(files_->Remove(base::JoinPath(folder_, FileNameOf(numbers[i]))));
  }
  return {};
}

}  // namespace weir::stream
