#include "base/thread_priority.h"

#include <sys/resource.h>
#include <unistd.h>

namespace weir::base {

void LetOtherThreadsGoFirst() {
  const auto self = static_cast<id_t>(gettid());
  // Lowering is always allowed; where it should not be, the thread works on as it is.
  static_cast<void>(setpriority(PRIO_PROCESS, self, getpriority(PRIO_PROCESS, self) + 10));
}

}  // namespace weir::base
