#include "core/DeviceCode.h"
#include "core/Elf.h"
#include "cuda/CudaPackage.h"

#include <gtest/gtest.h>
#include <random>

using namespace einfall;
using namespace einfall::rt;

static std::span<const std::byte> bytesOf(const std::string &text) {
  return std::as_bytes(std::span<const char>(text));
}

static std::string toyBlob() {
  return test::deviceBlob(test::toyKernels(), {{EINF_IMAGE_PTX, 80, std::string("text\0", 5)},
                                               {EINF_IMAGE_CUBIN, 90, "code"}});
}

TEST(DeviceCode, ReadsWhatWasWritten) {
  std::string blob = toyBlob() + "padding of the object file";
  auto code = parseDeviceCode(bytesOf(blob));
  ASSERT_TRUE(code.ok()) << code.status().message();
  ASSERT_EQ(code->kernels.size(), 3u);
  EXPECT_EQ(code->kernels[1].name, "store");
  EXPECT_EQ(code->kernels[1].source, "toy.py:11");
  EXPECT_EQ(code->kernels[1].threads, 32u);
  EXPECT_EQ(code->images[1].bytes.size(), 4u);
  EXPECT_EQ(code->imageNames(), "sm_80 (PTX), sm_90");
}

TEST(DeviceCode, ImagesTheBestFirst) {
  std::string text("t\0", 2);
  std::string blob = test::deviceBlob({}, {{EINF_IMAGE_PTX, 70, text},
                                           {EINF_IMAGE_PTX, 80, text},
                                           {EINF_IMAGE_PTX, 90, text},
                                           {EINF_IMAGE_PTX, 90 | EINF_CAPABILITY_EXACT, text},
                                           {EINF_IMAGE_CUBIN, 86, text}});
  auto code = parseDeviceCode(bytesOf(blob));
  ASSERT_TRUE(code.ok()) << code.status().message();
  auto picked = [&](unsigned capability) {
    std::vector<int> numbers;
    for (const DeviceCode::Image *image : code->pick(capability))
      numbers.push_back(int(image - code->images.data()));
    return numbers;
  };
  using Numbers = std::vector<int>;
  EXPECT_EQ(picked(60), Numbers());
  EXPECT_EQ(picked(75), Numbers({0}));
  EXPECT_EQ(picked(86), Numbers({4, 1, 0})); // machine code for it
  EXPECT_EQ(picked(89), Numbers({1, 0}));
  EXPECT_EQ(picked(90), Numbers({3, 2, 1, 0})); // the chip's own features
  EXPECT_EQ(picked(100), Numbers({2, 1, 0}));
}

TEST(DeviceCode, DamageIsAnErrorOrHarmless) {
  std::string blob = toyBlob();
  for (size_t n = 0; n < blob.size(); ++n)
    EXPECT_FALSE(parseDeviceCode(bytesOf(blob.substr(0, n))).ok()) << n;
  std::mt19937 random(7);
  for (size_t i = 0; i < blob.size(); ++i)
    for (unsigned char value : {0, 1, 0x7f, 0xff, int(random() % 256)}) {
      std::string copy = blob;
      copy[i] = char(value);
      auto code = parseDeviceCode(bytesOf(copy));
      if (!code) {
        EXPECT_NE(code.status().message().find("device code is damaged: "), std::string::npos);
        continue;
      }
      for (const DeviceCode::Image &image : code->images)
        EXPECT_TRUE(image.kind == EINF_IMAGE_CUBIN || image.bytes.back() == std::byte(0));
    }
}

TEST(DeviceCode, IsFoundInASharedObject) {
  std::string so = test::compile("const char einf_device_cod[] = \"no\";\n"
                                 "const char einf_device_code[] = \"found\";\n"
                                 "int einf_entry_a(void *p) { return 0; }");
  auto found = findData(bytesOf(so), EINF_DEVICE_SYMBOL);
  ASSERT_TRUE(found);
  EXPECT_EQ(std::string(reinterpret_cast<const char *>(found->data()), found->size()),
            std::string("found\0", 6));
  EXPECT_FALSE(findData(bytesOf(so), "einf_entry_a"));
  EXPECT_FALSE(findData(bytesOf(so), "einf_device"));
  for (size_t i = 0; i < so.size(); ++i) {
    std::string copy = so;
    copy[i] = char(copy[i] ^ 0x80);
    (void)findData(bytesOf(copy), EINF_DEVICE_SYMBOL);
  }
}
