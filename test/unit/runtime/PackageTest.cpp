#include "TestPackage.h"
#include "core/Elf.h"
#include "core/Session.h"

#include <cstdlib>
#include <gtest/gtest.h>

using namespace einfall;
using namespace einfall::rt;

TEST(Package, OpensWhatWasWritten) {
  auto package = test::openToy();
  ASSERT_TRUE(package);
  EXPECT_TRUE(package->verify().ok());
  EXPECT_EQ(package->file("config.json").size(), 13u);
  EXPECT_TRUE(package->file("report.json").empty());
  EXPECT_EQ(reinterpret_cast<uintptr_t>(package->weight(1).data()) % 64, 0u);
  EXPECT_EQ(char(package->weight(1)[99]), 'x');
  EXPECT_EQ(std::system(("python3 -m zipfile -t " + test::toyPackage() + " > /dev/null").c_str()),
            0);
}

TEST(Package, WritingTwiceGivesTheSameBytes) {
  std::string other = test::temporaryPath("again.einf");
  ASSERT_TRUE(package::writePackage(test::toySpec(), other).ok());
  EXPECT_EQ(test::readFile(other), test::readFile(test::toyPackage()));
}

TEST(Package, FailedWriteKeepsTheOldFile) {
  std::string path = test::temporaryPath("kept.einf");
  test::writeFile(path, "old");
  auto spec = test::toySpec();
  spec.weights[1] = [](uint64_t, std::span<std::byte>, std::string &error) {
    error = "disk gone";
    return false;
  };
  Status status = package::writePackage(std::move(spec), path);
  EXPECT_NE(status.message().find("'odd': disk gone"), std::string::npos);
  EXPECT_EQ(test::readFile(path), "old");
}

TEST(Package, LargeWeightsAreChunked) {
  auto spec = test::toySpec();
  WeightInfo big;
  big.name = "big";
  big.dtype = DType::U8;
  big.shape = {(5 << 20) + 3};
  big.size = (5 << 20) + 3;
  auto fill = [](uint64_t offset, std::span<std::byte> out, std::string &) {
    for (size_t i = 0; i < out.size(); ++i)
      out[i] = std::byte((offset + i) % 251);
    return true;
  };
  spec.manifest.weights.push_back(big);
  spec.weights.push_back(fill);
  big.name = "next";
  spec.manifest.weights.push_back(big);
  spec.weights.push_back(fill);
  std::string path = test::temporaryPath("big.einf");
  ASSERT_TRUE(package::writePackage(std::move(spec), path).ok());
  auto package = Package::open(path);
  ASSERT_TRUE(package.ok()) << package.status().message();
  EXPECT_TRUE((*package)->verify().ok());
  // They were written in pieces that end elsewhere.
  for (size_t weight : {2, 3})
    for (size_t i = 0; i < big.size; ++i)
      ASSERT_EQ((*package)->weight(weight)[i], std::byte(i % 251)) << weight << ' ' << i;
  std::string bytes = test::readFile(path);
  bytes[bytes.find("einfall-package") - (8 << 20)] ^= 1;
  test::writeFile(path, bytes);
  auto damaged = Package::open(path);
  ASSERT_TRUE(damaged.ok());
  EXPECT_NE((*damaged)->verify().message().find("weight 'big' is damaged"), std::string::npos);
}

TEST(Package, RefusedCode) {
  auto check = [](const std::string &source, const std::string &flags = "") {
    std::string so = test::compile(source, flags);
    std::span<const char> chars(so);
#if defined(__x86_64__)
    return checkCode(std::as_bytes(chars), "x86_64", "it").message();
#else
    return checkCode(std::as_bytes(chars), "aarch64", "it").message();
#endif
  };
  EXPECT_EQ(check("int einf_entry_a(void *p) { return 0; }"), "");
  EXPECT_EQ(check("int einf_entry_a(void *p) { return 0; }", "-Wl,--hash-style=gnu"), "");
  EXPECT_NE(
      check("int puts(const char *); int a(void) { return puts(0); }").find("undefined symbols"),
      std::string::npos);
  EXPECT_NE(check("int puts(const char *); int a(void) { return puts(0); }", "-Wl,--hash-style=gnu")
                .find("undefined symbols"),
            std::string::npos);
  std::string why = check("volatile int b; __attribute__((constructor)) "
                          "void a(void) { b = 1; }");
  EXPECT_NE(why.find("constructors"), std::string::npos) << why;
  EXPECT_NE(check("int a;", "-Wl,--no-as-needed -lc").find("libraries"), std::string::npos);
  EXPECT_NE(check("__thread int a; int b(void) { return a; }"), "");
}

TEST(Package, DamagedElfIsSafe) {
  std::string so = test::compile("int einf_entry_a(void *p) { return 0; }");
  for (size_t i = 0; i < so.size(); ++i)
    for (int bit : {0, 7}) {
      std::string copy = so;
      copy[i] = char(copy[i] ^ (1 << bit));
      std::span<const char> chars(copy);
      (void)checkCode(std::as_bytes(chars), "x86_64", "it").ok();
      if (bit == 0) {
        std::span<const char> cut(so.data(), i);
        (void)checkCode(std::as_bytes(cut), "x86_64", "it").ok();
      }
    }
}

TEST(Package, MissingEntryIsAnError) {
  auto spec = test::toySpec();
  spec.code[0] = test::compile("int einf_entry_next(void *p) { return 0; }");
  std::string path = test::temporaryPath("missing.einf");
  ASSERT_TRUE(package::writePackage(std::move(spec), path).ok());
  auto package = Package::open(path);
  ASSERT_TRUE(package.ok());
  EXPECT_NE((*package)->code().status().message().find("lacks entry 'scale'"), std::string::npos);
}
