// Truncation at every length and random changes of a package.
#include "TestPackage.h"

#include <gtest/gtest.h>
#include <random>

using namespace einfall;
using namespace einfall::rt;

static Status openBytes(const std::string &bytes, bool verify) {
  std::string path = test::temporaryPath("mutant.einf");
  test::writeFile(path, bytes);
  auto package = Package::open(path);
  if (!package)
    return package.status();
  return verify ? (*package)->verify() : Status();
}

TEST(Damage, EveryTruncationIsAnError) {
  std::string bytes = test::readFile(test::toyPackage());
  for (size_t n = 0; n < bytes.size(); n += n < 600 || n + 900 > bytes.size() ? 1 : 7)
    ASSERT_FALSE(openBytes(bytes.substr(0, n), false).ok()) << n;
  ASSERT_FALSE(openBytes(bytes + "x", false).ok());
}

TEST(Damage, EveryChangedByteIsAnError) {
  std::string bytes = test::readFile(test::toyPackage());
  std::mt19937 random(3);
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string copy = bytes;
    copy[i] = char(copy[i] ^ (1 << random() % 8));
    Status status = openBytes(copy, true);
    ASSERT_FALSE(status.ok()) << "byte " << i;
    ASSERT_FALSE(status.message().empty());
  }
}

TEST(Damage, RandomMutationsNeverCrash) {
  std::string bytes = test::readFile(test::toyPackage());
  std::mt19937 random(4);
  for (int trial = 0; trial < 4000; ++trial) {
    std::string copy = bytes;
    size_t at = random() % copy.size();
    switch (random() % 4) {
    case 0:
      copy.erase(at, 1 + random() % 100);
      break;
    case 1:
      copy.insert(at, 1 + random() % 100, char(random()));
      break;
    case 2:
      copy.replace(at, 4, "\xff\xff\xff\xff");
      break;
    default:
      for (int i = 0; i < 8; ++i)
        copy[random() % copy.size()] = char(random());
    }
    if (copy != bytes) {
      ASSERT_FALSE(openBytes(copy, true).ok()) << trial;
    }
  }
}

TEST(Damage, ForeignFilesAndVersionsAreNamed) {
  EXPECT_NE(openBytes("", false).message().find("empty"), std::string::npos);
  EXPECT_NE(
      openBytes("hello world, this is no package", false).message().find("not an einfall package"),
      std::string::npos);
  std::string bytes = test::readFile(test::toyPackage());
  bytes[64 + 8] = 9;
  EXPECT_NE(openBytes(bytes, false).message().find("format version 9"), std::string::npos);
  EXPECT_FALSE(Package::open("/nonexistent/x.einf").ok());
  EXPECT_FALSE(Package::open("/tmp").ok());
}
