#include "TestPackage.h"

#include <gtest/gtest.h>

using namespace einfall;
using namespace einfall::rt;

static Manifest placed() {
  Manifest m = test::toySpec().manifest;
  m.weights[1].offset = 64;
  m.weights[0].checksums = {1};
  m.weights[1].checksums = {2};
  return m;
}

TEST(Manifest, RoundTrip) {
  Manifest m = placed();
  auto bytes = encodeManifest(m);
  auto read = decodeManifest(bytes);
  ASSERT_TRUE(read.ok()) << read.status().message();
  EXPECT_EQ(encodeManifest(*read), bytes);
  EXPECT_EQ(read->entries[0].buffers[0].hi, 7);
  EXPECT_TRUE(validate(*read, 164).ok());
  EXPECT_EQ(manifestToJson(*read), manifestToJson(m));
}

TEST(Manifest, ATargetsEntriesTakeAndGiveTheSame) {
  Manifest m = placed();
  m.targets.push_back({"sm_90", m.targets[0].arch, {}, 1, "cuda"});
  m.others.push_back({"sm_90", m.entries});
  std::erase_if(m.others[0].entries[1].buffers,
                [](const BufferInfo &b) { return b.kind == BufferKind::Temporary; });
  m.others[0].entries[1].steps.clear();
  auto read = decodeManifest(encodeManifest(m));
  ASSERT_TRUE(read.ok()) << read.status().message();
  EXPECT_TRUE(validate(*read, 164).ok()) << validate(*read, 164).message();
  EXPECT_EQ(read->targets[1].device, "cuda");
  EXPECT_EQ(read->entriesOf("sm_90")[1].buffers.size() + 1,
            read->entriesOf(m.targets[0].name)[1].buffers.size());
  EXPECT_NE(manifestToJson(*read).find("\"entries_sm_90\""), std::string::npos);
  m.others[0].entries[0].symbols[2].name = "u";
  EXPECT_NE(validate(m, 164).message().find("'sm_90'"), std::string::npos);
  m.others[0] = {"sm_91", m.entries};
  EXPECT_NE(validate(m, 164).message().find("no such target"), std::string::npos);
}

TEST(Manifest, EveryTruncationFails) {
  auto bytes = encodeManifest(placed());
  for (size_t n = 0; n < bytes.size(); ++n)
    EXPECT_FALSE(decodeManifest({bytes.data(), n}).ok()) << n;
  bytes.push_back({});
  EXPECT_FALSE(decodeManifest(bytes).ok());
}

TEST(Manifest, EveryByteChangeIsSafe) {
  auto bytes = encodeManifest(placed());
  for (size_t i = 0; i < bytes.size(); ++i)
    for (int value : {0, 1, 0x7f, 0xff}) {
      auto copy = bytes;
      copy[i] = std::byte(value);
      if (auto read = decodeManifest(copy))
        if (validate(*read, 164).ok())
          manifestToJson(*read);
    }
}

TEST(Manifest, ValidationNamesWhatIsWrong) {
  auto message = [](auto change) {
    Manifest m = placed();
    change(m);
    return validate(m, 164).message();
  };
  EXPECT_NE(message([](Manifest &m) {
              m.weights[0].shape = {3};
            }).find("weight 'w': expected 12 bytes, but got 8"),
            std::string::npos);
  EXPECT_NE(message([](Manifest &m) { m.entries[0].name = "a b"; }).find("a b"), std::string::npos);
  EXPECT_NE(message([](Manifest &m) { m.entries[0].buffers[2].index = 9; }).find("'slots'"),
            std::string::npos);
  EXPECT_NE(message([](Manifest &m) { m.entries[0].symbols[0].dim = 1; }).find("'b'"),
            std::string::npos);
  EXPECT_NE(message([](Manifest &m) { m.entries[1].steps[0].buffers = {4}; }).find("'times'"),
            std::string::npos);
  EXPECT_NE(message([](Manifest &m) { m.entries[1].steps[1].points = {}; }).find("'copy'"),
            std::string::npos);
  EXPECT_NE(message([](Manifest &m) { m.targets[0].name = "../x"; }).find("../x"),
            std::string::npos);
}
