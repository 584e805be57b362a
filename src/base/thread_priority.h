#pragma once

namespace weir::base {

/// Lets all other threads of the process go first when there is more to do than processors: for
/// work that may wait, so that those who write records do not (10 steps of nice, of the calling
/// thread and of what it starts). There is no way back.
void LetOtherThreadsGoFirst();

}  // namespace weir::base
