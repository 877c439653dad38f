#include "TestPackage.h"
#include "einfall/einfall.h"

#include <gtest/gtest.h>

using namespace einfall;

TEST(CApi, ReflectRunGenerate) {
  einf_package *package = nullptr;
  ASSERT_EQ(einf_package_open(test::toyPackage().c_str(), &package), EINF_OK) << einf_last_error();
  EXPECT_EQ(einf_package_verify(package), EINF_OK);
  ASSERT_EQ(einf_entry_count(package), 2u);
  EXPECT_STREQ(einf_entry_name(package, 1), "scale");
  EXPECT_EQ(einf_entry_name(package, 2), nullptr);
  einf_buffer_info info;
  ASSERT_EQ(einf_buffer_get(package, 0, 0, &info), EINF_OK);
  EXPECT_STREQ(info.shape, "[b, s]");
  EXPECT_STREQ(einf_dtype_name(info.dtype), "i64");
  EXPECT_EQ(einf_buffer_get(package, 0, 99, &info), EINF_INVALID_ARGUMENT);
  EXPECT_STREQ(einf_package_metadata(package, "vocab_size"), "7");

  einf_session *session = nullptr;
  einf_binding bounds[] = {{"b", 1}, {"c", 4}, {"n", 16}};
  ASSERT_EQ(einf_session_open(package, bounds, 3, &session), EINF_OK) << einf_last_error();
  float x[3] = {1, 2, 3}, y[3] = {};
  int64_t shape[1] = {3}, outShape[4];
  int32_t rank = 4;
  einf_tensor in = {"x", x, shape, 1, EINF_F32};
  einf_tensor out = {nullptr, y, shape, 1, EINF_F32};
  ASSERT_EQ(einf_output_shape(session, "scale", &in, 1, nullptr, 0, 0, outShape, &rank), EINF_OK);
  EXPECT_EQ(rank, 1);
  EXPECT_EQ(outShape[0], 3);
  ASSERT_EQ(einf_run(session, "scale", &in, 1, nullptr, 0, &out, 1), EINF_OK) << einf_last_error();
  EXPECT_EQ(y[2], 9.0f);
  in.dtype = einf_dtype(77);
  EXPECT_EQ(einf_run(session, "scale", &in, 1, nullptr, 0, &out, 1), EINF_INVALID_ARGUMENT);
  einf_session_close(session);

  ASSERT_EQ(einf_session_open_lm(package, 1, 16, 8, &session), EINF_OK);
  einf_package_close(package); // the session keeps what it needs
  einf_generate_options options;
  einf_generate_defaults(&options);
  options.max_new_tokens = 3;
  options.ignore_eos = 1;
  int64_t prompt[] = {1, 2}, length = 2, tokens[3], count;
  const int64_t *prompts[] = {prompt};
  einf_generate_stats stats;
  ASSERT_EQ(einf_generate(session, prompts, &length, 1, &options, tokens, &count, &stats), EINF_OK)
      << einf_last_error();
  EXPECT_EQ(count, 3);
  EXPECT_EQ(tokens[2], 5);
  EXPECT_EQ(einf_reset(session), EINF_OK);
  einf_session_close(session);
}

TEST(CApi, NullsAreErrors) {
  einf_package *package;
  EXPECT_EQ(einf_package_open(nullptr, &package), EINF_INVALID_ARGUMENT);
  EXPECT_EQ(einf_package_open("/nonexistent", &package), EINF_IO);
  EXPECT_NE(std::string(einf_last_error()).find("/nonexistent"), std::string::npos);
  EXPECT_EQ(einf_run(nullptr, "a", nullptr, 0, nullptr, 0, nullptr, 0), EINF_INVALID_ARGUMENT);
}
