// Replays a corpus through a fuzz target where libFuzzer is not linked: every file of the folders
// given, and every prefix of each file at its line ends.

#include <cstdio>
#include <string>

#include "base/file_system.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, unsigned long size);

int main(int argc, char** argv) {
  size_t inputs = 0;
  weir::base::FileSystem& files = weir::base::SystemFileSystem();
  for (int i = 1; i < argc; ++i) {
    const auto entries = files.List(argv[i]);
    if (!entries.has_value()) {
      std::fprintf(stderr, "%s: %s\n", argv[i], entries.error().message.c_str());
      return 1;
    }
    for (const auto& entry : *entries) {
      const auto text = weir::base::ReadFile(files, weir::base::JoinPath(argv[i], entry.name));
      if (!text.has_value()) {
        std::fprintf(stderr, "%s\n", text.error().message.c_str());
        return 1;
      }
      for (size_t end = 0; end <= text->size(); ++end) {
        if (end == text->size() || (*text)[end] == '\n') {
          const std::string copy =
              text->substr(0, end);  // An exact allocation, so that ASan sees an overrun.
          LLVMFuzzerTestOneInput(reinterpret_cast<const unsigned char*>(copy.data()), copy.size());
          ++inputs;
        }
      }
    }
  }
  std::printf("%zu inputs replayed\n", inputs);
  return inputs == 0 ? 1 : 0;
}
