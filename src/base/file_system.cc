#include "base/file_system.h"

namespace weir::base {

Result<std::string> ReadFile(FileSystem& files, std::string_view path) {
  ASSIGN_OR_RETURN(const std::unique_ptr<File> file, files.Open(path, OpenMode::kRead));
  ASSIGN_OR_RETURN(const uint64_t size, file->Size());
  std::string data(size, '\0');
  ASSIGN_OR_RETURN(const size_t got, file->ReadAt(0, data));
  data.resize(got);
  return data;
}

Result<void> ReplaceFile(FileSystem& files, std::string_view path, std::string_view data) {
  const std::string temporary = std::string(path) + ".tmp";
  {
    ASSIGN_OR_RETURN(const std::unique_ptr<File> file,
                     files.Open(temporary, OpenMode::kCreateOrOpen));
    RETURN_IF_ERROR(file->Truncate(0));
    RETURN_IF_ERROR(file->WriteAt(0, data));
    RETURN_IF_ERROR(file->SyncData());
  }
  RETURN_IF_ERROR(files.Rename(temporary, path));
  return files.SyncDirectory(ParentPath(path));
}

std::string JoinPath(std::string_view folder, std::string_view name) {
  std::string path(folder);
  if (!path.empty() && path.back() != '/') {
    path += '/';
  }
  path += name;
  return path;
}

std::string_view ParentPath(std::string_view path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) {
    return {};
  }
  return slash == 0 ? path.substr(0, 1) : path.substr(0, slash);
}

std::string_view FileName(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

}  // namespace weir::base
