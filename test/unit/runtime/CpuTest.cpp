#include "core/Cpu.h"

#include <gtest/gtest.h>

using namespace einfall::rt;

static std::vector<TargetInfo> targets() {
  std::vector<TargetInfo> result;
  int priority = 0;
  for (const char *level : {"x86-64-v2", "x86-64-v3", "x86-64-v4", "x86-64-v4-amx"}) {
    auto features = levelFeatures(level);
    result.push_back({level, "x86_64", {features.begin(), features.end()}, priority++});
  }
  return result;
}

TEST(Cpu, EachPretendedLevelGetsItsTarget) {
  CpuReport all{"x86_64", levelFeatures("x86-64-v4-amx"), ""};
  auto list = targets();
  for (size_t i = 0; i < list.size(); ++i) {
    auto cpu = lowerTo(all, list[i].name);
    ASSERT_TRUE(cpu.ok());
    auto pick = pickTarget(list, *cpu);
    ASSERT_TRUE(pick.ok()) << pick.status().message();
    EXPECT_EQ(*pick, i);
  }
}

TEST(Cpu, LackIsNamed) {
  CpuReport v3{"x86_64", levelFeatures("x86-64-v3"), ""};
  std::vector<TargetInfo> only = {targets()[2], {"arm", "aarch64", {}, 9}};
  auto pick = pickTarget(only, v3);
  ASSERT_FALSE(pick.ok());
  EXPECT_NE(pick.status().message().find("x86-64-v4 needs avx512bw"), std::string::npos)
      << pick.status().message();
  EXPECT_NE(pick.status().message().find("arm is for aarch64"), std::string::npos);
}

TEST(Cpu, TargetsOfDevicesDoNotCount) {
  CpuReport v3{"x86_64", levelFeatures("x86-64-v3"), ""};
  std::vector<TargetInfo> list = {{"sm_90", "x86_64", {}, 9, "cuda"}};
  EXPECT_EQ(pickTarget(list, v3).status().message(), "the package holds no code for a CPU alone");
  list.push_back(targets()[0]);
  auto pick = pickTarget(list, v3);
  ASSERT_TRUE(pick.ok());
  EXPECT_EQ(*pick, 1u);
}

TEST(Cpu, PretendingOnlyLowers) {
  CpuReport v2{"x86_64", levelFeatures("x86-64-v2"), ""};
  auto cpu = lowerTo(v2, "x86-64-v4");
  ASSERT_TRUE(cpu.ok());
  EXPECT_EQ(cpu->features, v2.features);
  EXPECT_FALSE(lowerTo(v2, "pentium").ok());
}

TEST(Cpu, DetectsSomething) {
  EXPECT_TRUE(detectCpu().features.contains(detectCpu().arch == "x86_64" ? "sse2" : "neon"));
}
