#pragma once

namespace weir::base {

/// Lets all other threads of the process go first when there is more to do than processors (10
/// steps of nice, of the calling thread and of what it starts). For work that may wait a little:
/// queries, and the rest of what may block, so that the threads that serve connections do not wait
/// for it. There is no way back.
void LetOtherThreadsGoFirst();

}  // namespace weir::base
