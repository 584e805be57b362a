#include "base/simulated_file_system.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "base/check.h"
#include "base/random.h"

namespace weir::base {
namespace {

constexpr size_t kSectorBytes = 512;
constexpr uint64_t kNeverStop = std::numeric_limits<uint64_t>::max();
constexpr uint64_t kDefaultCapacity = uint64_t{1} << 40;

using Loss = SimulatedFileSystem::Loss;

/// One change of a file's contents that was not synced yet.
struct FileChange {
  bool is_resize = false;
  uint64_t offset = 0;  ///< The new size when is_resize.
  std::string data;
};

void Apply(const FileChange& change, std::string& contents) {
  if (change.is_resize) {
    contents.resize(change.offset);
    return;
  }
  contents.resize(std::max<uint64_t>(contents.size(), change.offset + change.data.size()));
  std::memcpy(contents.data() + change.offset, change.data.data(), change.data.size());
}

/// A file or folder, apart from its names.
struct Node {
  explicit Node(bool directory) : is_directory(directory) {}

  const bool is_directory;
  // Of a file:
  std::string current;
  std::string durable;
  std::vector<FileChange> unsynced;
  size_t links = 0;
  // Of a folder:
  std::map<std::string, std::shared_ptr<Node>, std::less<>> entries;
  std::map<std::string, std::shared_ptr<Node>, std::less<>> durable_entries;
};

using NodePtr = std::shared_ptr<Node>;

/// Sets or (node null) removes a name.
struct EntryEdit {
  NodePtr folder;
  std::string name;
  NodePtr node;
};

/// Edits that reach the disk together or not at all: a rename has two.
using DirectoryChange = std::vector<EntryEdit>;

bool Touches(const DirectoryChange& change, const std::set<Node*>& folders) {
  return std::ranges::any_of(
      change, [&](const EntryEdit& edit) { return folders.contains(edit.folder.get()); });
}

template <typename Entries>
void ApplyEdit(const EntryEdit& edit, Entries& entries) {
  if (edit.node == nullptr) {
    entries.erase(edit.name);
  } else {
    entries.insert_or_assign(edit.name, edit.node);
  }
}

std::string_view WithoutTrailingSlashes(std::string_view path) {
  while (path.size() > 1 && path.back() == '/') {
    path.remove_suffix(1);
  }
  return path;
}

/// Contents of a file after a crash.
class FileCrash {
 public:
  FileCrash(Loss loss, Random& random) : loss_(loss), random_(random) {}

  std::string Contents(const Node& file) {
    switch (loss_) {
      case Loss::kNothing:
        return file.current;
      case Loss::kUnsynced:
        return file.durable;
      case Loss::kRandomCut:
        return Cut(file);
      case Loss::kTornSectors:
        return Torn(file);
      case Loss::kZeroed:
        return Zeroed(file);
    }
    return file.durable;
  }

 private:
  std::string Cut(const Node& file) {
    std::string contents = file.durable;
    const uint64_t kept = random_.Below(file.unsynced.size() + 1);
    for (size_t i = 0; i < file.unsynced.size() && i <= kept; ++i) {
      FileChange change = file.unsynced[i];
      if (i == kept && !change.is_resize && random_.Chance(0.5)) {
        change.data.resize(random_.Below(change.data.size() + 1));
      } else if (i == kept) {
        break;
      }
      Apply(change, contents);
    }
    return contents;
  }

  /// The size is that of some moment since the last sync; bytes that were not written since keep
  /// their durable contents.
  std::string Torn(const Node& file) {
    uint64_t size = file.durable.size();
    std::string final = file.durable;
    std::vector<uint64_t> sizes = {size};
    std::vector<std::pair<uint64_t, uint64_t>> written;
    for (const FileChange& change : file.unsynced) {
      Apply(change, final);
      sizes.push_back(final.size());
      if (!change.is_resize) {
        written.emplace_back(change.offset, change.offset + change.data.size());
      }
    }
    size = sizes[random_.Below(sizes.size())];
    std::string contents = file.durable;
    contents.resize(std::max(size, final.size()));
    final.resize(contents.size());
    for (const auto& [begin, end] : written) {
      for (uint64_t at = begin; at < std::min<uint64_t>(end, contents.size());) {
        const uint64_t sector_end =
            std::min({end, contents.size(), (at / kSectorBytes + 1) * kSectorBytes});
        TearSector(final, at, sector_end, contents);
        at = sector_end;
      }
    }
    contents.resize(size);
    return contents;
  }

  void TearSector(const std::string& final, uint64_t begin, uint64_t end, std::string& contents) {
    switch (random_.Below(3)) {
      case 0:
        break;
      case 1:
        std::copy(final.begin() + begin, final.begin() + end, contents.begin() + begin);
        break;
      default:
        for (uint64_t at = begin; at < end; ++at) {
          contents[at] = static_cast<char>(random_.Next());
        }
    }
  }

  /// As with delayed allocation: the size is there, the bytes never came.
  static std::string Zeroed(const Node& file) {
    std::string contents = file.durable;
    for (const FileChange& change : file.unsynced) {
      const uint64_t size =
          change.is_resize
              ? change.offset
              : std::max<uint64_t>(contents.size(), change.offset + change.data.size());
      contents.resize(size);
    }
    return contents;
  }

  const Loss loss_;
  Random& random_;
};

/// The disk and what runs on it; shared by the file system and its open files and locks.
struct SimulatedDisk {
  std::mutex mutex;
  NodePtr absolute_root = std::make_shared<Node>(true);
  NodePtr relative_root = std::make_shared<Node>(true);
  std::vector<DirectoryChange> pending;
  std::map<Node*, std::string> lock_notes;
  uint64_t operations = 0;
  uint64_t stop_at = kNeverStop;
  uint64_t capacity = kDefaultCapacity;
  uint64_t used = 0;
  SimulatedFileSystem::FaultHook fault;

  uint64_t free_bytes() const { return capacity - std::min(capacity, used); }

  /// The hook runs without the lock, so that it may ask the file system.
  Result<void> Fault(std::string_view operation, std::string_view path) {
    SimulatedFileSystem::FaultHook hook;
    {
      const std::lock_guard lock(mutex);
      hook = fault;
    }
    if (hook) {
      if (std::optional<Error> error = hook(operation, path)) {
        return std::unexpected(*std::move(error));
      }
    }
    return {};
  }

  /// Counts a changing operation; an error when the world has stopped.
  Result<void> Count(std::string_view operation, std::string_view path) {
    const std::lock_guard lock(mutex);
    if (operations++ >= stop_at) {
      return Fail(Code::kIo, "simulated crash before {} of '{}'", operation, path);
    }
    return {};
  }

  /// What comes before every changing operation.
  Result<void> Begin(std::string_view operation, std::string_view path) {
    RETURN_IF_ERROR(Count(operation, path));
    return Fault(operation, path);
  }

  NodePtr Resolve(std::string_view path) const {
    NodePtr node = path.starts_with('/') ? absolute_root : relative_root;
    while (!path.empty()) {
      const size_t slash = std::min(path.find('/'), path.size());
      const std::string_view part = path.substr(0, slash);
      path.remove_prefix(std::min(slash + 1, path.size()));
      if (part.empty()) {
        continue;
      }
      const auto found = node->entries.find(part);
      if (found == node->entries.end()) {
        return nullptr;
      }
      node = found->second;
    }
    return node;
  }

  Result<NodePtr> Folder(std::string_view path) const {
    NodePtr node = Resolve(path);
    if (node == nullptr || !node->is_directory) {
      return Fail(Code::kNotFound, "no folder '{}'", path);
    }
    return node;
  }

  Result<NodePtr> Existing(std::string_view path) const {
    NodePtr node = Resolve(path);
    if (node == nullptr) {
      return Fail(Code::kNotFound, "no file '{}'", path);
    }
    return node;
  }

  void ChangeDirectory(DirectoryChange change) {
    for (const EntryEdit& edit : change) {
      if (edit.node != nullptr) {
        ++edit.node->links;
      }
      if (const auto old = edit.folder->entries.find(edit.name);
          old != edit.folder->entries.end() && --old->second->links == 0) {
        used -= old->second->current.size();
      }
      ApplyEdit(edit, edit.folder->entries);
    }
    pending.push_back(std::move(change));
  }

  /// Makes durable what was done to `folder`, and what that builds on.
  void Sync(const NodePtr& folder) {
    std::set<Node*> folders = {folder.get()};
    std::vector<bool> chosen(pending.size());
    for (size_t i = pending.size(); i-- > 0;) {
      if (Touches(pending[i], folders)) {
        chosen[i] = true;
        for (const EntryEdit& edit : pending[i]) {
          folders.insert(edit.folder.get());
        }
      }
    }
    std::vector<DirectoryChange> left;
    for (size_t i = 0; i < pending.size(); ++i) {
      if (!chosen[i]) {
        left.push_back(std::move(pending[i]));
        continue;
      }
      for (const EntryEdit& edit : pending[i]) {
        ApplyEdit(edit, edit.folder->durable_entries);
      }
    }
    pending = std::move(left);
  }

  Result<NodePtr> CreateFile(std::string_view path) {
    ASSIGN_OR_RETURN(NodePtr folder, Folder(ParentPath(path)));
    auto node = std::make_shared<Node>(false);
    ChangeDirectory({{std::move(folder), std::string(FileName(path)), node}});
    return node;
  }

  /// Before `file` gets `size` bytes. A file without names takes no space: nobody can free it.
  void Account(const Node& file, uint64_t size) {
    if (file.links > 0) {
      used = used - file.current.size() + size;
    }
  }

  void Resize(Node& file, uint64_t size) {
    Account(file, size);
    file.current.resize(size);
    file.unsynced.push_back({.is_resize = true, .offset = size, .data = {}});
  }
};

class SimulatedFile : public File {
 public:
  SimulatedFile(std::shared_ptr<SimulatedDisk> disk, NodePtr node, std::string path, bool writable)
      : disk_(std::move(disk)),
        node_(std::move(node)),
        path_(std::move(path)),
        writable_(writable) {}

  Result<size_t> ReadAt(uint64_t offset, std::span<char> into) override {
    RETURN_IF_ERROR(disk_->Fault("read", path_));
    const std::lock_guard lock(disk_->mutex);
    if (offset >= node_->current.size()) {
      return 0;
    }
    return node_->current.copy(into.data(), into.size(), offset);
  }

  Result<void> WriteAt(uint64_t offset, std::string_view data) override {
    Result<void> begun = BeginChange("write");
    if (!begun.has_value() && begun.error().code != Code::kDiskFull) {
      return begun;
    }
    const std::lock_guard lock(disk_->mutex);
    const uint64_t size = node_->current.size();
    const uint64_t reach = size + disk_->free_bytes();
    const bool full = offset + data.size() > reach;
    if (full) {
      data = data.substr(0, reach > offset ? reach - offset : 0);
    }
    if (!begun.has_value() && !data.empty()) {
      data.remove_suffix(1);
    }
    if (!data.empty()) {
      FileChange change{.is_resize = false, .offset = offset, .data = std::string(data)};
      disk_->Account(*node_, std::max<uint64_t>(size, offset + data.size()));
      Apply(change, node_->current);
      node_->unsynced.push_back(std::move(change));
    }
    return begun.has_value() && full ? NoSpace("write") : begun;
  }

  Result<void> Allocate(uint64_t size) override {
    RETURN_IF_ERROR(BeginChange("allocate"));
    const std::lock_guard lock(disk_->mutex);
    if (size <= node_->current.size()) {
      return {};
    }
    if (size - node_->current.size() > disk_->free_bytes()) {
      return NoSpace("allocate");
    }
    disk_->Resize(*node_, size);
    return {};
  }

  Result<void> Truncate(uint64_t size) override {
    RETURN_IF_ERROR(BeginChange("truncate"));
    const std::lock_guard lock(disk_->mutex);
    disk_->Resize(*node_, size);
    return {};
  }

  Result<void> SyncData() override {
    RETURN_IF_ERROR(disk_->Count("sync", path_));
    Result<void> fault = disk_->Fault("sync", path_);
    const std::lock_guard lock(disk_->mutex);
    if (!fault.has_value()) {
      // As the kernel does: pages that failed to be written count as clean from now on.
      node_->unsynced.clear();
      return fault;
    }
    for (const FileChange& change : node_->unsynced) {
      Apply(change, node_->durable);
    }
    node_->unsynced.clear();
    return {};
  }

  Result<uint64_t> Size() override {
    const std::lock_guard lock(disk_->mutex);
    return node_->current.size();
  }

 private:
  Result<void> BeginChange(std::string_view operation) {
    if (!writable_) {
      return Fail(Code::kIo, "cannot {} '{}': it was opened for reading", operation, path_);
    }
    return disk_->Begin(operation, path_);
  }

  Result<void> NoSpace(std::string_view operation) const {
    return Fail(Code::kDiskFull, "cannot {} '{}': no space left on device", operation, path_);
  }

  const std::shared_ptr<SimulatedDisk> disk_;
  const NodePtr node_;
  const std::string path_;
  const bool writable_;
};

class SimulatedLock : public FileLock {
 public:
  SimulatedLock(std::shared_ptr<SimulatedDisk> disk, NodePtr node)
      : disk_(std::move(disk)), node_(std::move(node)) {}

  ~SimulatedLock() override {
    const std::lock_guard lock(disk_->mutex);
    disk_->lock_notes.erase(node_.get());
  }

 private:
  const std::shared_ptr<SimulatedDisk> disk_;
  const NodePtr node_;
};

/// Copies a disk as a crash leaves it.
class DiskCrash {
 public:
  DiskCrash(const SimulatedDisk& from, Loss loss, uint64_t seed, SimulatedDisk& to)
      : from_(from), to_(to), loss_(loss), random_(seed), files_(loss, random_) {}

  void Run() {
    ChooseDirectoryChanges();
    to_.absolute_root = Copy(from_.absolute_root);
    to_.relative_root = Copy(from_.relative_root);
    to_.capacity = from_.capacity;
  }

 private:
  using Entries = decltype(Node::entries);

  void ChooseDirectoryChanges() {
    const bool subset = loss_ == Loss::kRandomCut || loss_ == Loss::kTornSectors;
    const bool all = loss_ == Loss::kNothing || loss_ == Loss::kZeroed;
    for (const DirectoryChange& change : from_.pending) {
      if (!all && !(subset && random_.Chance(0.5))) {
        continue;
      }
      for (const EntryEdit& edit : change) {
        ApplyEdit(edit, EntriesOf(edit.folder));
      }
    }
  }

  Entries& EntriesOf(const NodePtr& folder) {
    return entries_.try_emplace(folder.get(), folder->durable_entries).first->second;
  }

  NodePtr Copy(const NodePtr& node) {
    NodePtr& copy = copies_[node.get()];
    if (copy != nullptr) {
      return copy;
    }
    copy = std::make_shared<Node>(node->is_directory);
    const NodePtr result = copy;
    if (!node->is_directory) {
      result->current = files_.Contents(*node);
      result->durable = result->current;
      to_.used += result->current.size();
      return result;
    }
    for (const auto& [name, child] : EntriesOf(node)) {
      result->entries[name] = Copy(child);
      ++result->entries[name]->links;
    }
    result->durable_entries = result->entries;
    return result;
  }

  const SimulatedDisk& from_;
  SimulatedDisk& to_;
  const Loss loss_;
  Random random_;
  FileCrash files_;
  std::map<Node*, Entries> entries_;
  std::map<Node*, NodePtr> copies_;
};

void CollectFiles(const Node& folder, const std::string& prefix, std::vector<std::string>& files) {
  for (const auto& [name, node] : folder.entries) {
    if (node->is_directory) {
      CollectFiles(*node, prefix + name + "/", files);
    } else {
      files.push_back(prefix + name);
    }
  }
}

}  // namespace

struct SimulatedFileSystem::State {
  std::shared_ptr<SimulatedDisk> disk = std::make_shared<SimulatedDisk>();
};

SimulatedFileSystem::SimulatedFileSystem() : state_(std::make_unique<State>()) {}

SimulatedFileSystem::~SimulatedFileSystem() = default;

Result<std::unique_ptr<File>> SimulatedFileSystem::Open(std::string_view path, OpenMode mode) {
  SimulatedDisk& disk = *state_->disk;
  RETURN_IF_ERROR(disk.Fault("open", path));
  if (mode != OpenMode::kRead && mode != OpenMode::kReadWrite && !Exists(path)) {
    RETURN_IF_ERROR(disk.Begin("create", path));
  }
  const std::lock_guard lock(disk.mutex);
  NodePtr node = disk.Resolve(path);
  if (node != nullptr && node->is_directory) {
    return Fail(Code::kIo, "cannot open '{}': it is a folder", path);
  }
  if (node != nullptr && (mode == OpenMode::kCreateNew || mode == OpenMode::kCreateNewPrivate)) {
    return Fail(Code::kAlreadyExists, "cannot create '{}': it exists", path);
  }
  if (node == nullptr) {
    if (mode == OpenMode::kRead || mode == OpenMode::kReadWrite) {
      return Fail(Code::kNotFound, "no file '{}'", path);
    }
    ASSIGN_OR_RETURN(node, disk.CreateFile(path));
  }
  return std::make_unique<SimulatedFile>(state_->disk, std::move(node), std::string(path),
                                         mode != OpenMode::kRead);
}

Result<void> SimulatedFileSystem::CreateDirectories(std::string_view path) {
  path = WithoutTrailingSlashes(path);
  SimulatedDisk& disk = *state_->disk;
  {
    const std::lock_guard lock(disk.mutex);
    const NodePtr node = disk.Resolve(path);
    if (node != nullptr && node->is_directory) {
      return {};
    }
    if (node != nullptr) {
      return Fail(Code::kAlreadyExists, "cannot create the folder '{}': it is a file", path);
    }
  }
  const std::string_view parent = ParentPath(path);
  RETURN_IF_ERROR(CreateDirectories(parent));
  RETURN_IF_ERROR(disk.Begin("create_directory", path));
  {
    const std::lock_guard lock(disk.mutex);
    ASSIGN_OR_RETURN(NodePtr folder, disk.Folder(parent));
    if (disk.Resolve(path) == nullptr) {
      disk.ChangeDirectory(
          {{std::move(folder), std::string(FileName(path)), std::make_shared<Node>(true)}});
    }
  }
  return SyncDirectory(parent);
}

Result<std::vector<DirectoryEntry>> SimulatedFileSystem::List(std::string_view path) {
  SimulatedDisk& disk = *state_->disk;
  RETURN_IF_ERROR(disk.Fault("list", path));
  const std::lock_guard lock(disk.mutex);
  ASSIGN_OR_RETURN(const NodePtr folder, disk.Folder(path));
  std::vector<DirectoryEntry> entries;
  for (const auto& [name, node] : folder->entries) {
    entries.push_back({name, node->is_directory});
  }
  return entries;
}

bool SimulatedFileSystem::Exists(std::string_view path) {
  const std::lock_guard lock(state_->disk->mutex);
  return state_->disk->Resolve(path) != nullptr;
}

Result<void> SimulatedFileSystem::Remove(std::string_view path) {
  path = WithoutTrailingSlashes(path);
  SimulatedDisk& disk = *state_->disk;
  RETURN_IF_ERROR(disk.Begin("remove", path));
  const std::lock_guard lock(disk.mutex);
  ASSIGN_OR_RETURN(const NodePtr node, disk.Existing(path));
  if (node->is_directory && !node->entries.empty()) {
    return Fail(Code::kFailedPrecondition, "cannot remove '{}': the folder is not empty", path);
  }
  ASSIGN_OR_RETURN(NodePtr folder, disk.Folder(ParentPath(path)));
  disk.ChangeDirectory({{std::move(folder), std::string(FileName(path)), nullptr}});
  return {};
}

Result<void> SimulatedFileSystem::Link(std::string_view from, std::string_view to) {
  SimulatedDisk& disk = *state_->disk;
  RETURN_IF_ERROR(disk.Begin("link", to));
  const std::lock_guard lock(disk.mutex);
  ASSIGN_OR_RETURN(NodePtr node, disk.Existing(from));
  ASSIGN_OR_RETURN(NodePtr folder, disk.Folder(ParentPath(to)));
  if (node->is_directory) {
    return Fail(Code::kPermission, "cannot link '{}': it is a folder", from);
  }
  if (disk.Resolve(to) != nullptr) {
    return Fail(Code::kAlreadyExists, "cannot link '{}' to '{}': it exists", from, to);
  }
  disk.ChangeDirectory({{std::move(folder), std::string(FileName(to)), std::move(node)}});
  return {};
}

Result<void> SimulatedFileSystem::Rename(std::string_view from, std::string_view to) {
  from = WithoutTrailingSlashes(from);
  to = WithoutTrailingSlashes(to);
  SimulatedDisk& disk = *state_->disk;
  RETURN_IF_ERROR(disk.Begin("rename", to));
  const std::lock_guard lock(disk.mutex);
  ASSIGN_OR_RETURN(const NodePtr node, disk.Existing(from));
  ASSIGN_OR_RETURN(NodePtr from_folder, disk.Folder(ParentPath(from)));
  ASSIGN_OR_RETURN(NodePtr to_folder, disk.Folder(ParentPath(to)));
  const NodePtr target = disk.Resolve(to);
  if (target == node) {
    return {};
  }
  if (target != nullptr && (target->is_directory || node->is_directory)) {
    return Fail(Code::kAlreadyExists, "cannot rename '{}' to '{}': it exists", from, to);
  }
  disk.ChangeDirectory({{std::move(to_folder), std::string(FileName(to)), node},
                        {std::move(from_folder), std::string(FileName(from)), nullptr}});
  return {};
}

Result<void> SimulatedFileSystem::SyncDirectory(std::string_view path) {
  SimulatedDisk& disk = *state_->disk;
  RETURN_IF_ERROR(disk.Begin("sync_directory", path));
  const std::lock_guard lock(disk.mutex);
  ASSIGN_OR_RETURN(const NodePtr folder, disk.Folder(path));
  disk.Sync(folder);
  return {};
}

Result<uint64_t> SimulatedFileSystem::FreeBytes(std::string_view path) {
  SimulatedDisk& disk = *state_->disk;
  const std::lock_guard lock(disk.mutex);
  RETURN_IF_ERROR(disk.Existing(path));
  return disk.free_bytes();
}

Result<std::unique_ptr<FileLock>> SimulatedFileSystem::Lock(std::string_view path,
                                                            std::string_view note) {
  SimulatedDisk& disk = *state_->disk;
  ASSIGN_OR_RETURN(const std::unique_ptr<File> file, Open(path, OpenMode::kCreateOrOpen));
  NodePtr node;
  {
    const std::lock_guard lock(disk.mutex);
    ASSIGN_OR_RETURN(node, disk.Existing(path));
    const auto [held, taken] = disk.lock_notes.try_emplace(node.get(), note);
    if (!taken) {
      return Fail(Code::kFailedPrecondition,
                  "'{}' is locked by another process ({}): stop it first, or use another folder",
                  path, held->second);
    }
  }
  auto lock = std::make_unique<SimulatedLock>(state_->disk, std::move(node));
  RETURN_IF_ERROR(file->Truncate(0));
  RETURN_IF_ERROR(file->WriteAt(0, note));
  return lock;
}

uint64_t SimulatedFileSystem::operations() const {
  const std::lock_guard lock(state_->disk->mutex);
  return state_->disk->operations;
}

void SimulatedFileSystem::StopAt(uint64_t operation) {
  const std::lock_guard lock(state_->disk->mutex);
  state_->disk->stop_at = operation;
}

std::unique_ptr<SimulatedFileSystem> SimulatedFileSystem::Crash(Loss loss, uint64_t seed) const {
  auto image = std::make_unique<SimulatedFileSystem>();
  const std::lock_guard lock(state_->disk->mutex);
  DiskCrash(*state_->disk, loss, seed, *image->state_->disk).Run();
  return image;
}

void SimulatedFileSystem::SetFreeBytes(uint64_t bytes) {
  const std::lock_guard lock(state_->disk->mutex);
  state_->disk->capacity = state_->disk->used + bytes;
}

void SimulatedFileSystem::SetFaultHook(FaultHook decide) {
  const std::lock_guard lock(state_->disk->mutex);
  state_->disk->fault = std::move(decide);
}

void SimulatedFileSystem::FlipBit(std::string_view path, uint64_t bit) {
  const std::lock_guard lock(state_->disk->mutex);
  const NodePtr node = state_->disk->Resolve(path);
  CHECK_NOTE(node != nullptr && bit / 8 < node->current.size(), path);
  const auto flip = [bit](std::string& contents) {
    if (bit / 8 < contents.size()) {
      contents[bit / 8] = static_cast<char>(contents[bit / 8] ^ (1 << bit % 8));
    }
  };
  flip(node->current);
  flip(node->durable);
}

std::vector<std::string> SimulatedFileSystem::Files() const {
  const std::lock_guard lock(state_->disk->mutex);
  std::vector<std::string> files;
  CollectFiles(*state_->disk->absolute_root, "/", files);
  CollectFiles(*state_->disk->relative_root, "", files);
  std::ranges::sort(files);
  return files;
}

}  // namespace weir::base
