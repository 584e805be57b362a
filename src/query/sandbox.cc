#include "query/sandbox.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <vector>

namespace weir::query {
namespace {

using base::Code;
using base::Fail;

/// Files that a worker may have open at once: DuckDB keeps one per Parquet object that it scans.
constexpr rlim_t kMaxOpenFiles = 4096;

/// Sanitizers reserve terabytes of address space.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kCanLimitAddressSpace = false;
#else
constexpr bool kCanLimitAddressSpace = true;
#endif

/// Rights that the running kernel's Landlock knows: one generation added one group of them.
uint64_t FileRights(long abi) {
  uint64_t rights = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;
  if (abi >= 2) {
    rights |= 1ull << 13;  // LANDLOCK_ACCESS_FS_REFER
  }
  if (abi >= 3) {
    rights |= 1ull << 14;  // LANDLOCK_ACCESS_FS_TRUNCATE
  }
  if (abi >= 5) {
    rights |= 1ull << 15;  // LANDLOCK_ACCESS_FS_IOCTL_DEV
  }
  return rights;
}

/// Adds `path` and all below it to what may be read; a path that does not exist adds nothing.
base::Result<void> AllowReading(int ruleset, const char* path) {
  const int target = open(path, O_PATH | O_CLOEXEC);
  if (target < 0) {
    return {};
  }
  struct stat about{};
  landlock_path_beneath_attr beneath{};
  beneath.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE;
  if (fstat(target, &about) == 0 && S_ISDIR(about.st_mode)) {
    beneath.allowed_access |= LANDLOCK_ACCESS_FS_READ_DIR;
  }
  beneath.parent_fd = target;
  const long added =
      syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0);
  close(target);
  if (added != 0) {
    return Fail(Code::kInternal, "landlock_add_rule for '{}': {}", path, std::strerror(errno));
  }
  return {};
}

base::Result<bool> RestrictFiles(const std::string& readable_root) {
  const long abi =
      syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (abi < 1) {
    return false;
  }
  landlock_ruleset_attr attributes{};
  attributes.handled_access_fs = FileRights(abi);
  const long rules = syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0);
  if (rules < 0) {
    return Fail(Code::kInternal, "landlock_create_ruleset: {}", std::strerror(errno));
  }
  const int ruleset = static_cast<int>(rules);
  // DuckDB looks up its control group's limits when it opens, and fails when it may not.
  for (const char* path : {readable_root.c_str(), "/proc/self/cgroup", "/sys/fs/cgroup"}) {
    const auto allowed = AllowReading(ruleset, path);
    if (!allowed.has_value()) {
      close(ruleset);
      return std::unexpected(allowed.error());
    }
  }
  const long restricted = syscall(SYS_landlock_restrict_self, ruleset, 0);
  close(ruleset);
  if (restricted != 0) {
    return Fail(Code::kInternal, "landlock_restrict_self: {}", std::strerror(errno));
  }
  return true;
}

/// Refuses, with EPERM, what no query needs.
base::Result<bool> RestrictSystemCalls() {
#if defined(__x86_64__)
  static constexpr long kRefused[] = {SYS_socket,
                                      SYS_socketpair,
                                      SYS_connect,
                                      SYS_bind,
                                      SYS_listen,
                                      SYS_accept,
                                      SYS_accept4,
                                      SYS_execve,
                                      SYS_execveat,
                                      SYS_fork,
                                      SYS_vfork,
                                      SYS_ptrace,
                                      SYS_process_vm_readv,
                                      SYS_process_vm_writev,
                                      SYS_kill,
                                      SYS_tkill,
                                      SYS_mount,
                                      SYS_umount2,
                                      SYS_unshare,
                                      SYS_setns,
                                      SYS_bpf,
                                      SYS_keyctl,
                                      SYS_add_key,
                                      SYS_request_key,
                                      SYS_io_uring_setup,
                                      SYS_chroot,
                                      SYS_pivot_root,
                                      SYS_userfaultfd,
                                      SYS_perf_event_open};
  std::vector<sock_filter> program = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      // The x32 numbers would be a way around the list.
      BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
  };
  for (const long call : kRefused) {
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<uint32_t>(call), 0, 1));
    program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM));
  }
  program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  const sock_fprog filter{.len = static_cast<unsigned short>(program.size()),
                          .filter = program.data()};
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) {
    if (errno == EINVAL) {
      return false;
    }
    return Fail(Code::kInternal, "seccomp: {}", std::strerror(errno));
  }
  return true;
#else
  return false;
#endif
}

base::Result<void> SetLimit(__rlimit_resource resource, rlim_t value, bool hard) {
  rlimit limit{};
  if (getrlimit(resource, &limit) != 0) {
    return Fail(Code::kInternal, "getrlimit: {}", std::strerror(errno));
  }
  limit.rlim_cur = std::min(value, limit.rlim_max);
  if (hard) {
    limit.rlim_max = limit.rlim_cur;
  }
  if (setrlimit(resource, &limit) != 0) {
    return Fail(Code::kInternal, "setrlimit: {}", std::strerror(errno));
  }
  return {};
}

}  // namespace

base::Result<SandboxReport> EnterSandbox(const std::string& readable_root) {
  RETURN_IF_ERROR(SetLimit(RLIMIT_CORE, 0, true));
  RETURN_IF_ERROR(SetLimit(RLIMIT_NOFILE, kMaxOpenFiles, true));
  RETURN_IF_ERROR(SetLimit(RLIMIT_FSIZE, 0, true));
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    return Fail(Code::kInternal, "no_new_privs: {}", std::strerror(errno));
  }
  SandboxReport report;
  ASSIGN_OR_RETURN(report.landlock, RestrictFiles(readable_root));
  ASSIGN_OR_RETURN(report.seccomp, RestrictSystemCalls());
  return report;
}

base::Result<void> LimitProcess(uint64_t memory_bytes, int64_t cpu_seconds) {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const int64_t so_far = used.ru_utime.tv_sec + used.ru_stime.tv_sec;
  RETURN_IF_ERROR(SetLimit(RLIMIT_CPU, static_cast<rlim_t>(so_far + cpu_seconds), false));
  return kCanLimitAddressSpace ? SetLimit(RLIMIT_AS, memory_bytes, false) : base::Result<void>();
}

}  // namespace weir::query
