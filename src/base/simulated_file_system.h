#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.h"

namespace weir::base {

/// An in-memory file system for tests that remembers what was made durable. It counts every
/// operation that changes storage (create, write, allocate, truncate, sync, link, rename, remove,
/// directory sync) and can stop the world at any of them; afterwards `Crash` produces the disk as a
/// machine could find it. Thread-safe.
class SimulatedFileSystem : public FileSystem {
 public:
  SimulatedFileSystem();
  ~SimulatedFileSystem() override;

  Result<std::unique_ptr<File>> Open(std::string_view path, OpenMode mode) override;
  Result<void> CreateDirectories(std::string_view path) override;
  Result<std::vector<DirectoryEntry>> List(std::string_view path) override;
  bool Exists(std::string_view path) override;
  Result<void> Remove(std::string_view path) override;
  Result<void> Link(std::string_view from, std::string_view to) override;
  Result<void> Rename(std::string_view from, std::string_view to) override;
  Result<void> SyncDirectory(std::string_view path) override;
  Result<uint64_t> FreeBytes(std::string_view path) override;
  Result<std::unique_ptr<FileLock>> Lock(std::string_view path, std::string_view note) override;

  /// Changing operations so far.
  uint64_t operations() const;

  /// From the operation with this number on (0-based), every changing operation fails with kIo
  /// "simulated crash" and changes nothing: what the program had done until then is what the disk
  /// saw.
  void StopAt(uint64_t operation);

  /// What becomes of data that was written but not synced, and of directory changes not synced.
  enum class Loss : uint8_t {
    kNothing,      ///< Everything arrived after all (a clean process kill).
    kUnsynced,     ///< All unsynced writes and directory changes are lost.
    kRandomCut,    ///< Per file, a random prefix of its unsynced operations arrived; directory
                   ///< changes in any subset.
    kTornSectors,  ///< Each unsynced 512-byte sector arrived, or did not, or is garbage.
    kZeroed,       ///< Sizes arrived, unsynced contents read as zero.
  };
  static constexpr Loss kLosses[] = {Loss::kNothing, Loss::kUnsynced, Loss::kRandomCut,
                                     Loss::kTornSectors, Loss::kZeroed};

  /// The disk found after a crash now, as a new file system (unlocked, running, operation count 0).
  /// The same seed gives the same image.
  std::unique_ptr<SimulatedFileSystem> Crash(Loss loss, uint64_t seed) const;

  /// Space left on the simulated volume; writes and allocations beyond it fail with kDiskFull.
  void SetFreeBytes(uint64_t bytes);

  /// Makes matching operations fail: `decide` gets the operation ("write", "sync", …) and the path,
  /// and returns the error to give, or nothing. A write that fails with kDiskFull has done all but
  /// its last byte.
  using FaultHook =
      std::function<std::optional<Error>(std::string_view operation, std::string_view path)>;
  void SetFaultHook(FaultHook decide);

  /// Flips one bit of a file's durable and current contents.
  void FlipBit(std::string_view path, uint64_t bit);

  /// Every file, whole path, sorted.
  std::vector<std::string> Files() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weir::base
