// Tensors that lie on the device are used where they lie.
#include "CudaFixture.h"
#include "devices/cuda/Driver.h"

using namespace einfall;
using namespace einfall::rt;

class CudaTensor : public test::Cuda {
protected:
  /// Device memory of another library in this process.
  float *allocate(size_t count) {
    Context context;
    cuda::Pointer address = 0;
    function<int (*)(Context *, int)>("cuDevicePrimaryCtxRetain")(&context, 0);
    function<int (*)(Context)>("cuCtxPushCurrent_v2")(context);
    EXPECT_EQ(function<int (*)(cuda::Pointer *, size_t)>("cuMemAlloc_v2")(&address, 4 * count), 0);
    function<int (*)(Context *)>("cuCtxPopCurrent_v2")(&context);
    blocks_.push_back(address);
    return reinterpret_cast<float *>(address); // the driver of the tests lets us look
  }
  ~CudaTensor() override { freeAll(); }
  void freeAll() {
    for (cuda::Pointer block : blocks_) {
      function<int (*)(cuda::Pointer)>("cuMemFree_v2")(block);
      function<int (*)(int)>("cuDevicePrimaryCtxRelease_v2")(0);
    }
    blocks_.clear();
    ids_ = nullptr;
  }
  /// A token at place t - 1 of `next`, all tensors on the device.
  Status step(Session &session, int64_t id, int64_t t) {
    if (!ids_) {
      ids_ = reinterpret_cast<int64_t *>(allocate(2));
      start_ = reinterpret_cast<int64_t *>(allocate(2));
      logits_ = allocate(7);
    }
    *ids_ = id, *start_ = 0;
    int64_t shape[] = {1, 1}, one = 1, out[] = {1, 7};
    TensorView inputs[] = {{"ids", ids_, DType::I64, shape},
                           {"start", start_, DType::I64, {&one, 1}}};
    TensorView outputs[] = {{"logits", logits_, DType::F32, out}};
    Binding params[] = {{"t", t}};
    return session.run("next", inputs, params, outputs);
  }
  int64_t *ids_ = nullptr, *start_ = nullptr;
  float *logits_ = nullptr;
  using Context = cuda::Context;
  std::vector<cuda::Pointer> blocks_;
};

TEST_F(CudaTensor, AreNotCopiedAndNotWaitedFor) {
  auto session = open(package());
  float *x = allocate(100), *y = allocate(100);
  for (int i = 0; i < 100; ++i)
    x[i] = float(i);
  FakeCounts before = *counts_;
  for (int i = 0; i < 3; ++i)
    ASSERT_TRUE(scale(*session, x, y, 100).ok());
  EXPECT_EQ(counts_->waits, before.waits);
  EXPECT_EQ(counts_->copiesIn + counts_->copiesOut, before.copiesIn + before.copiesOut);
  EXPECT_EQ(counts_->allocations, before.allocations);
  ASSERT_TRUE(session->wait().ok());
  EXPECT_EQ(y[99], 3 * 99.0f);
}

TEST_F(CudaTensor, MayBeMixedWithTensorsOfTheHost) {
  auto session = open(package());
  float *x = allocate(100);
  std::vector<float> y(100);
  for (int round = 1; round < 4; ++round) {
    for (int i = 0; i < 100; ++i)
      x[i] = float(i * round);
    ASSERT_TRUE(scale(*session, x, y.data(), 100).ok());
    EXPECT_EQ(y[7], float(21 * round));
  }
}

TEST_F(CudaTensor, ThatAreMisalignedAreCopiedOnTheDevice) {
  auto session = open(package());
  float *x = allocate(100), *y = allocate(100);
  int64_t copiesOut = counts_->copiesOut;
  for (int i = 0; i < 100; ++i)
    x[i] = float(i), y[i] = -1;
  ASSERT_TRUE(scale(*session, x + 3, y + 5, 90).ok());
  ASSERT_TRUE(session->wait().ok());
  EXPECT_EQ(y[4], -1.0f);
  EXPECT_EQ(y[5], 9.0f);
  EXPECT_EQ(y[94], 276.0f);
  EXPECT_EQ(y[95], -1.0f);
  EXPECT_EQ(counts_->copiesOut, copiesOut);
}

TEST_F(CudaTensor, AFailureOfACallThatIsNotWaitedForIsToldLater) {
  auto session = open(package());
  float *x = allocate(8), *y = allocate(8);
  test::Setting fault("EINFALL_FAKE_FAULT", "times");
  ASSERT_TRUE(scale(*session, x, y, 8).ok());
  Status status = session->wait();
  EXPECT_EQ(status.code(), StatusCode::DeviceFailed);
  expectIn(status.message(), "kernel 'times' (toy.py:7) of entry 'scale'");
  EXPECT_FALSE(scale(*session, x, y, 8).ok());
}

TEST_F(CudaTensor, AFaultOfAnEarlierCallIsNotTheNextOnes) {
  test::Setting trust("EINFALL_CUDA_CHECK_VALUES", "0");
  for (int64_t last : {1, 3}) { // kernel by kernel, and as a graph
    auto session = open(package());
    float *x = allocate(8), *y = allocate(8);
    for (int64_t t = 1; t < last; ++t) {
      ASSERT_TRUE(step(*session, 1, t).ok());
      ASSERT_TRUE(session->wait().ok());
    }
    ASSERT_TRUE(step(*session, 1, last).ok());
    test::Setting fault("EINFALL_FAKE_FAULT", "logits");
    ASSERT_TRUE(scale(*session, x, y, 8).ok());
    Status status = session->wait();
    expectIn(status.message(), "cannot run a call before that of entry 'scale' on cuda:0: an "
                               "illegal memory access was encountered");
    session.reset();
    freeAll(); // so that the next session has a new context
  }
}

TEST_F(CudaTensor, AFaultThatARefusedCallFindsIsAnEarlierCalls) {
  test::Setting trust("EINFALL_CUDA_CHECK_VALUES", "0");
  auto session = open(package());
  test::Setting fault("EINFALL_FAKE_FAULT", "logits");
  ASSERT_TRUE(step(*session, 1, 1).ok());
  Status status;
  next(*session, 1, 0, &status);
  EXPECT_EQ(status.code(), StatusCode::InvalidArgument) << "what the call itself did wrong";
  expectIn(session->wait().message(), "The failure: cannot run an earlier call on cuda:0");
}

TEST_F(CudaTensor, AFaultThatACopyFindsNamesTheKernel) {
  test::Setting off("EINFALL_CUDA_GRAPHS", "0");
  auto session = open(package());
  float *x = allocate(8), *y = allocate(8), z[8] = {};
  ASSERT_TRUE(scale(*session, z, z, 8).ok()); // makes its buffers
  test::Setting fault("EINFALL_FAKE_FAULT", "times");
  ASSERT_TRUE(scale(*session, x, y, 8).ok());
  function<FakeDrainFn>("einf_fake_drain")();
  Status status = scale(*session, z, z, 8);
  expectIn(status.message(), "cannot run kernel 'times' (toy.py:7) of entry 'scale'");
}

TEST_F(CudaTensor, ValuesOfTheHostAreChecked) {
  auto session = open(package());
  Status status;
  next(*session, 7, 1, &status);
  expectIn(status.message(), "input 'ids' is 7 at [0, 0], expected a value in [0, 7)");
  EXPECT_EQ(next(*session, 6, 1, &status), 6);
}

TEST_F(CudaTensor, ValuesOfTheDeviceAreChecked) {
  auto session = open(package());
  ASSERT_TRUE(step(*session, 3, 1).ok());
  ASSERT_TRUE(session->wait().ok()); // before the test writes the next token there
  FakeCounts before = *counts_;
  Status status = step(*session, 7, 2);
  EXPECT_EQ(status.code(), StatusCode::OutOfBounds);
  expectIn(status.message(), "input 'ids' is 7 at [0, 0], expected a value in [0, 7)");
  EXPECT_EQ(counts_->launches, before.launches) << "nothing may be computed";
  EXPECT_EQ(counts_->waits, before.waits + 1);
  ASSERT_TRUE(step(*session, 2, 2).ok());
  ASSERT_TRUE(session->wait().ok());
  EXPECT_EQ(logits_[5], 1.0f);
  EXPECT_EQ(counts_->pinnedAllocations, before.pinnedAllocations);
}

TEST_F(CudaTensor, ARefusedCallLeavesNothingUnderWay) {
  auto session = open(package());
  ASSERT_TRUE(step(*session, 3, 1).ok());
  ASSERT_TRUE(session->wait().ok());
  // The ids are on their way to the host when `start` is refused.
  int64_t shape[] = {1, 1}, two = 2, out[] = {1, 7}, start[] = {0, 0};
  float logits[7];
  TensorView inputs[] = {{"ids", ids_, DType::I64, shape}, {"start", start, DType::I64, {&two, 1}}};
  TensorView outputs[] = {{"logits", logits, DType::F32, out}};
  Binding params[] = {{"t", 1}};
  EXPECT_EQ(session->run("next", inputs, params, outputs).code(), StatusCode::InvalidArgument);
  EXPECT_EQ(next(*session, 5, 1), 5) << "the ids of the refused call";
}

TEST_F(CudaTensor, ARefusedCallIsNoReasonForTheNextToWait) {
  test::Setting trust("EINFALL_CUDA_CHECK_VALUES", "0");
  auto session = open(package());
  ASSERT_TRUE(step(*session, 3, 1).ok());
  ASSERT_TRUE(session->wait().ok());
  Status status;
  next(*session, 1, 0, &status); // tensors of the host, and sizes that break an assumption
  ASSERT_EQ(status.code(), StatusCode::InvalidArgument);
  int64_t waits = counts_->waits;
  ASSERT_TRUE(step(*session, 3, 1).ok());
  EXPECT_EQ(counts_->waits, waits);
  // Nothing of it is under way, so there is nothing to wait for.
  EXPECT_FALSE(session->run("scale", {}, {}, {}).ok());
  EXPECT_EQ(counts_->waits, waits);
}

TEST_F(CudaTensor, ValuesOfTheDeviceMayBeTrusted) {
  test::Setting trust("EINFALL_CUDA_CHECK_VALUES", "0");
  auto session = open(package());
  int64_t waits = counts_->waits, copiesOut = counts_->copiesOut;
  ASSERT_TRUE(step(*session, 4, 1).ok());
  EXPECT_EQ(counts_->waits, waits);
  EXPECT_EQ(counts_->copiesOut, copiesOut);
  ASSERT_TRUE(session->wait().ok());
  EXPECT_EQ(logits_[4], 1.0f);
}
