#include "catalog/sqlite_vfs.h"

#include <sqlite3.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <span>
#include <utility>

#include "base/crc32c.h"
#include "base/random.h"

namespace weir::catalog {
namespace {

constexpr int kSectorBytes = 4096;
constexpr size_t kChecksummedBytes = SqliteVfs::kPageBytes - SqliteVfs::kReservedBytes;
// Julian day number of 1970-01-01T00:00Z in milliseconds.
constexpr int64_t kJulianEpochMillis = 210'866'760'000'000;

struct OpenFile {
  sqlite3_file base;  // must be first: SQLite sees only this
  SqliteVfs* vfs = nullptr;
  base::File* file = nullptr;   // owned
  std::string* path = nullptr;  // owned
  bool is_main = false;
};

OpenFile& Cast(sqlite3_file* file) {
  return *reinterpret_cast<OpenFile*>(file);
}

SqliteVfs& Cast(sqlite3_vfs* vfs) {
  return *static_cast<SqliteVfs*>(vfs->pAppData);
}

int Report(SqliteVfs& vfs, base::Error error, int code) {
  if (error.code == base::Code::kDiskFull) {
    code = SQLITE_FULL;
  }
  vfs.SetError(std::move(error));
  return code;
}

bool IsPage(const OpenFile& file, int amount, int64_t offset) {
  return file.is_main && amount == SqliteVfs::kPageBytes && offset % SqliteVfs::kPageBytes == 0;
}

int Close(sqlite3_file* raw) {
  OpenFile& file = Cast(raw);
  delete file.file;
  delete file.path;
  return SQLITE_OK;
}

int Read(sqlite3_file* raw, void* into, int amount, sqlite3_int64 offset) {
  OpenFile& file = Cast(raw);
  const std::span<char> bytes(static_cast<char*>(into), static_cast<size_t>(amount));
  const auto read = file.file->ReadAt(static_cast<uint64_t>(offset), bytes);
  if (!read.has_value()) {
    return Report(*file.vfs, read.error(), SQLITE_IOERR_READ);
  }
  if (*read < bytes.size()) {
    std::ranges::fill(bytes.subspan(*read), '\0');
    return SQLITE_IOERR_SHORT_READ;
  }
  if (IsPage(file, amount, offset) && !PageIsIntact({bytes.data(), bytes.size()})) {
    return Report(
        *file.vfs,
        base::Error{base::Code::kDataLoss,
                    fmt::format("damaged page at offset {} of '{}': checksum mismatch; restore the "
                                "file from a backup",
                                offset, *file.path)},
        SQLITE_IOERR_DATA);
  }
  return SQLITE_OK;
}

int Write(sqlite3_file* raw, const void* from, int amount, sqlite3_int64 offset) {
  OpenFile& file = Cast(raw);
  if (file.vfs->poisoned()) {
    return SQLITE_IOERR_WRITE;
  }
  std::string_view bytes(static_cast<const char*>(from), static_cast<size_t>(amount));
  std::string page;
  if (IsPage(file, amount, offset)) {
    page = bytes;
    SealPage(page);
    bytes = page;
  }
  const auto written = file.file->WriteAt(static_cast<uint64_t>(offset), bytes);
  return written.has_value() ? SQLITE_OK : Report(*file.vfs, written.error(), SQLITE_IOERR_WRITE);
}

int Truncate(sqlite3_file* raw, sqlite3_int64 size) {
  OpenFile& file = Cast(raw);
  const auto truncated = file.file->Truncate(static_cast<uint64_t>(size));
  return truncated.has_value() ? SQLITE_OK
                               : Report(*file.vfs, truncated.error(), SQLITE_IOERR_TRUNCATE);
}

int Sync(sqlite3_file* raw, int /*flags*/) {
  OpenFile& file = Cast(raw);
  if (file.vfs->poisoned()) {
    return SQLITE_IOERR_FSYNC;
  }
  const auto synced = file.file->SyncData();
  if (synced.has_value()) {
    return SQLITE_OK;
  }
  file.vfs->Poison();
  return Report(*file.vfs, synced.error(), SQLITE_IOERR_FSYNC);
}

int FileSize(sqlite3_file* raw, sqlite3_int64* size) {
  OpenFile& file = Cast(raw);
  const auto found = file.file->Size();
  if (!found.has_value()) {
    return Report(*file.vfs, found.error(), SQLITE_IOERR_FSTAT);
  }
  *size = static_cast<sqlite3_int64>(*found);
  return SQLITE_OK;
}

int NoLock(sqlite3_file* /*file*/, int /*level*/) {
  return SQLITE_OK;
}

int NobodyLocks(sqlite3_file* /*file*/, int* reserved) {
  *reserved = 0;
  return SQLITE_OK;
}

int FileControl(sqlite3_file* /*file*/, int /*operation*/, void* /*argument*/) {
  return SQLITE_NOTFOUND;
}

int SectorSize(sqlite3_file* /*file*/) {
  return kSectorBytes;
}

// No promise about torn sectors, ordering or appends: SQLite then pads and syncs as for the worst
// disk.
int DeviceCharacteristics(sqlite3_file* /*file*/) {
  return 0;
}

constexpr sqlite3_io_methods kMethods = {
    .iVersion = 1,
    .xClose = Close,
    .xRead = Read,
    .xWrite = Write,
    .xTruncate = Truncate,
    .xSync = Sync,
    .xFileSize = FileSize,
    .xLock = NoLock,
    .xUnlock = NoLock,
    .xCheckReservedLock = NobodyLocks,
    .xFileControl = FileControl,
    .xSectorSize = SectorSize,
    .xDeviceCharacteristics = DeviceCharacteristics,
};

int Open(sqlite3_vfs* raw_vfs, const char* path, sqlite3_file* raw, int flags, int* out_flags) {
  SqliteVfs& vfs = Cast(raw_vfs);
  auto& file = *new (raw) OpenFile{};
  if (path == nullptr) {
    return Report(vfs, base::Error{base::Code::kInternal, "the catalog asked for a temporary file"},
                  SQLITE_CANTOPEN);
  }
  const bool create = (flags & SQLITE_OPEN_CREATE) != 0 && !vfs.files().Exists(path);
  const base::OpenMode mode = (flags & SQLITE_OPEN_READONLY) != 0 ? base::OpenMode::kRead
                              : create                            ? base::OpenMode::kCreateOrOpen
                                                                  : base::OpenMode::kReadWrite;
  auto opened = vfs.files().Open(path, mode);
  if (!opened.has_value()) {
    return Report(vfs, opened.error(), SQLITE_CANTOPEN);
  }
  if (create) {
    if (const auto synced = vfs.files().SyncDirectory(base::ParentPath(path));
        !synced.has_value()) {
      return Report(vfs, synced.error(), SQLITE_CANTOPEN);
    }
  }
  file.vfs = &vfs;
  file.file = opened->release();
  file.path = new std::string(path);
  file.is_main = (flags & SQLITE_OPEN_MAIN_DB) != 0;
  file.base.pMethods = &kMethods;
  if (out_flags != nullptr) {
    *out_flags = flags;
  }
  return SQLITE_OK;
}

int Delete(sqlite3_vfs* raw_vfs, const char* path, int sync_directory) {
  SqliteVfs& vfs = Cast(raw_vfs);
  if (!vfs.files().Exists(path)) {
    return SQLITE_IOERR_DELETE_NOENT;
  }
  if (vfs.poisoned()) {
    return SQLITE_IOERR_DELETE;
  }
  if (const auto removed = vfs.files().Remove(path); !removed.has_value()) {
    return Report(vfs, removed.error(), SQLITE_IOERR_DELETE);
  }
  if (sync_directory != 0) {
    if (const auto synced = vfs.files().SyncDirectory(base::ParentPath(path));
        !synced.has_value()) {
      vfs.Poison();
      return Report(vfs, synced.error(), SQLITE_IOERR_DIR_FSYNC);
    }
  }
  return SQLITE_OK;
}

int Access(sqlite3_vfs* raw_vfs, const char* path, int /*flags*/, int* result) {
  *result = Cast(raw_vfs).files().Exists(path) ? 1 : 0;
  return SQLITE_OK;
}

int FullPathname(sqlite3_vfs* /*vfs*/, const char* path, int size, char* out) {
  const size_t length = std::strlen(path);
  if (length + 1 > static_cast<size_t>(size)) {
    return SQLITE_CANTOPEN;
  }
  std::memcpy(out, path, length + 1);
  return SQLITE_OK;
}

int Randomness(sqlite3_vfs* /*vfs*/, int bytes, char* out) {
  base::Random random(base::SystemSeed());
  for (int i = 0; i < bytes; ++i) {
    out[i] = static_cast<char>(random.Next());
  }
  return bytes;
}

int Sleep(sqlite3_vfs* /*vfs*/, int /*micros*/) {
  return 0;
}

int CurrentTimeInt64(sqlite3_vfs* raw_vfs, sqlite3_int64* now) {
  *now = kJulianEpochMillis + Cast(raw_vfs).clock().WallMillis();
  return SQLITE_OK;
}

int CurrentTime(sqlite3_vfs* raw_vfs, double* now) {
  sqlite3_int64 millis = 0;
  CurrentTimeInt64(raw_vfs, &millis);
  *now = static_cast<double>(millis) / 86'400'000.0;
  return SQLITE_OK;
}

int GetLastError(sqlite3_vfs* /*vfs*/, int /*size*/, char* /*out*/) {
  return 0;
}

std::string NextName() {
  static std::atomic<uint64_t> count = 0;
  return fmt::format("weir-{}", count.fetch_add(1));
}

}  // namespace

SqliteVfs::SqliteVfs(base::FileSystem& files, base::Clock& clock)
    : files_(files), clock_(clock), name_(NextName()), vfs_(std::make_unique<sqlite3_vfs>()) {
  vfs_->iVersion = 2;
  vfs_->szOsFile = sizeof(OpenFile);
  vfs_->mxPathname = 4096;
  vfs_->zName = name_.c_str();
  vfs_->pAppData = this;
  vfs_->xOpen = Open;
  vfs_->xDelete = Delete;
  vfs_->xAccess = Access;
  vfs_->xFullPathname = FullPathname;
  vfs_->xRandomness = Randomness;
  vfs_->xSleep = Sleep;
  vfs_->xCurrentTime = CurrentTime;
  vfs_->xGetLastError = GetLastError;
  vfs_->xCurrentTimeInt64 = CurrentTimeInt64;
  sqlite3_vfs_register(vfs_.get(), 0);
}

SqliteVfs::~SqliteVfs() {
  sqlite3_vfs_unregister(vfs_.get());
}

void SealPage(std::string& page) {
  const uint32_t checksum = base::Crc32c(std::string_view(page).substr(0, kChecksummedBytes));
  const uint32_t inverse = ~checksum;
  std::memcpy(page.data() + kChecksummedBytes, &checksum, sizeof checksum);
  std::memcpy(page.data() + kChecksummedBytes + sizeof checksum, &inverse, sizeof inverse);
}

bool PageIsIntact(std::string_view page) {
  uint32_t checksum = 0;
  uint32_t inverse = 0;
  std::memcpy(&checksum, page.data() + kChecksummedBytes, sizeof checksum);
  std::memcpy(&inverse, page.data() + kChecksummedBytes + sizeof checksum, sizeof inverse);
  if (checksum == 0 && inverse == 0) {
    return std::ranges::all_of(page, [](char c) { return c == '\0'; });
  }
  return checksum == static_cast<uint32_t>(~inverse) &&
         checksum == base::Crc32c(page.substr(0, kChecksummedBytes));
}

}  // namespace weir::catalog
