#include "json/value_path.h"

#include <gtest/gtest.h>

namespace weir::json {
namespace {

std::string At(std::string_view path, const Value& root) {
  const auto parsed = ValuePath::Parse(path);
  if (!parsed.has_value()) {
    return parsed.error().message;
  }
  const Value* found = parsed->Find(root);
  return found == nullptr ? "nothing" : found->Serialize();
}

TEST(ValuePathTest, FindsMembersElementsAndTheFirstThatFits) {
  const Value root = *Parse(
      R"({"a":{"b c":[10,20]},"notes":[{"name":1},{"name":"x","value":"1"},{"name":"x","value":"2"}]})");
  EXPECT_EQ(At("$", *Parse("7")), "7");
  EXPECT_EQ(At("$.a['b c'][1]", root), "20");
  EXPECT_EQ(At("$.a[\"b c\"][2]", root), "nothing");
  EXPECT_EQ(At("$.notes[?@.name=='x'].value", root), "\"1\"");
  EXPECT_EQ(At("$.notes[?@.name=='y'].value", root), "nothing");
  EXPECT_EQ(At("$.a[0]", root), "nothing");
  EXPECT_EQ(At("$.a.b.c", root), "nothing");
}

TEST(ValuePathTest, RefusesWhatIsNoPath) {
  const Value root;
  for (const std::string_view bad :
       {"", "a", "$a", "$.", "$..a", "$[", "$[]", "$['a]", "$['a'", "$[-1]", "$[1", "$.a b",
        "$[?@.a]", "$[?@.a=='b'", "$[?@.a==b]", "$['a\\'b']", "$[99999999999999999999]"}) {
    EXPECT_NE(At(bad, root).find("does not parse"), std::string::npos) << bad;
  }
  EXPECT_NE(At("$." + std::string(300, 'a'), root).find("longer than 256"), std::string::npos);
}

}  // namespace
}  // namespace weir::json
