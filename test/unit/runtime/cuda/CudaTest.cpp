// A session on a GPU gives what one on the CPU gives, with one wait a call and
// one launch a steady step.
#include "CudaFixture.h"
#include "einfall/einfall.h"

#include <thread>

using namespace einfall;
using namespace einfall::rt;
using test::Cuda;
using test::Setting;

TEST_F(Cuda, RunsAtAllLengths) {
  auto session = open(package());
  ASSERT_TRUE(session);
  EXPECT_EQ(session->device(), "cuda:0");
  EXPECT_EQ(session->target(), "sm_80");
  for (int64_t n : {0, 1, 31, 32, 33, 997, 1000, 5}) {
    std::vector<float> x(size_t(n), 0), y(size_t(n), -1);
    for (size_t i = 0; i < x.size(); ++i)
      x[i] = float(i);
    Status status = scale(*session, x.data(), y.data(), n);
    ASSERT_TRUE(status.ok()) << status.message();
    for (size_t i = 0; i < x.size(); ++i)
      ASSERT_EQ(y[i], 3 * x[i]) << n;
  }
}

TEST_F(Cuda, GeneratesWhatTheCpuGenerates) {
  TokenRows prompts = {{1, 2, 3, 1, 0}, {4}, {2, 6}}, tokens[2];
  for (bool gpu : {false, true}) {
    auto session = openLmSession(package(), 3, 40, 2, gpu ? "cuda" : "cpu");
    ASSERT_TRUE(session.ok()) << session.status().message();
    GenerateOptions options;
    options.maxNewTokens = 30;
    options.ignoreEos = true;
    GenerateStats stats;
    for (int again = 0; again < 2; ++again) {
      Status status = generate(**session, prompts, options, tokens[gpu], stats);
      ASSERT_TRUE(status.ok()) << status.message();
    }
  }
  EXPECT_EQ(tokens[0], tokens[1]);
}

TEST_F(Cuda, ASteadyStepIsOneGraphOneWaitAndNoAllocation) {
  auto session = open(package());
  int64_t sum = 0;
  auto step = [&](int64_t t) {
    sum += t % 5;
    EXPECT_EQ(next(*session, t % 5, t), sum % 7);
  };
  for (int64_t t = 1; t <= 3; ++t)
    step(t);
  FakeCounts before = *counts_;
  for (int64_t t = 4; t <= 13; ++t)
    step(t);
  EXPECT_EQ(counts_->allocations, before.allocations);
  EXPECT_EQ(counts_->pinnedAllocations, before.pinnedAllocations);
  EXPECT_EQ(counts_->graphs, before.graphs);
  EXPECT_EQ(counts_->waits - before.waits, 10);
  EXPECT_EQ(counts_->graphLaunches - before.graphLaunches, 10);
  EXPECT_EQ(counts_->numbers - before.numbers, 10)
      << "by which a fault is told from the next call's";
  // The length is a parameter of both kernels.
  EXPECT_EQ(counts_->graphChanges - before.graphChanges, 20);
  EXPECT_EQ(counts_->copiesIn - before.copiesIn, 20);
  EXPECT_EQ(counts_->copiesOut - before.copiesOut, 10);
}

TEST_F(Cuda, AnEqualCallChangesNothingInItsGraph) {
  auto session = open(package());
  std::vector<float> x(100, 2.0f), y(100);
  for (int i = 0; i < 3; ++i)
    ASSERT_TRUE(scale(*session, x.data(), y.data(), 100).ok());
  FakeCounts before = *counts_;
  x[99] = 5.0f;
  ASSERT_TRUE(scale(*session, x.data(), y.data(), 100).ok());
  EXPECT_EQ(y[99], 15.0f);
  EXPECT_EQ(counts_->graphChanges, before.graphChanges);
  EXPECT_EQ(counts_->graphLaunches, before.graphLaunches + 1);
  // Another length is other parameters and another size of the copy.
  ASSERT_TRUE(scale(*session, x.data(), y.data(), 50).ok());
  EXPECT_EQ(counts_->graphChanges, before.graphChanges + 2);
  EXPECT_EQ(counts_->graphs, before.graphs);
}

TEST_F(Cuda, GraphsCanBeSwitchedOff) {
  Setting off("EINFALL_CUDA_GRAPHS", "0");
  auto session = open(package());
  FakeCounts before = *counts_;
  for (int64_t t = 1; t <= 4; ++t)
    EXPECT_EQ(next(*session, 1, t), t);
  EXPECT_EQ(counts_->graphs, before.graphs);
  EXPECT_EQ(counts_->launches - before.launches, 8);
}

TEST_F(Cuda, SessionsShareWeightsAndLeaveNothing) {
  FakeCounts none = *counts_;
  {
    auto shared = package();
    auto first = open(shared);
    FakeCounts one = *counts_;
    auto second = open(shared);
    EXPECT_EQ(counts_->copiesIn, one.copiesIn);
    EXPECT_EQ(counts_->modules, one.modules);
    EXPECT_EQ(next(*first, 3, 1), 3);
    EXPECT_EQ(next(*second, 5, 1), 5);
    EXPECT_EQ(next(*first, 3, 2), 6);
    second.reset();
    FakeCounts closed = *counts_;
    second = open(shared); // from the pool
    EXPECT_EQ(counts_->allocations, closed.allocations);
    EXPECT_EQ(next(*second, 2, 2), 2) << "the state is not zero";
  }
  EXPECT_EQ(counts_->alive, none.alive);
  EXPECT_EQ(counts_->streams, none.streams);
  EXPECT_EQ(counts_->modules, none.modules);
  EXPECT_EQ(counts_->contexts, none.contexts);
}

TEST_F(Cuda, StateLastsUntilReset) {
  auto session = open(package());
  EXPECT_EQ(next(*session, 3, 1), 3);
  EXPECT_EQ(next(*session, 2, 2), 5);
  EXPECT_TRUE(session->reset().ok());
  EXPECT_EQ(next(*session, 2, 2), 2);
}

TEST_F(Cuda, ASecondUserOfASessionIsTold) {
  auto session = open(package());
  struct Second {
    Session &session;
    std::vector<std::string> told;
  } second{*session, {}};
  auto onWait = function<FakeOnWaitFn>("einf_fake_on_wait");
  // In the middle of a call, as another thread could be.
  auto use = [](void *argument) {
    auto &[session, told] = *static_cast<Second *>(argument);
    float x = 1, y = 0;
    int64_t one = 1;
    TensorView inputs[] = {{"x", &x, DType::F32, {&one, 1}}};
    std::vector<int64_t> shape;
    told.push_back(session.reset().message());
    told.push_back(session.wait().message());
    told.push_back(session.outputShape("scale", inputs, {}, 0, shape).message());
    told.push_back(scale(session, &x, &y, 1).message());
  };
  EXPECT_EQ(next(*session, 3, 1), 3); // makes its buffers, with waits
  onWait(use, &second);
  EXPECT_EQ(next(*session, 2, 2), 5);
  onWait(nullptr, nullptr);
  ASSERT_EQ(second.told.size(), 4u);
  for (const std::string &message : second.told)
    EXPECT_EQ(message, "the session is in use by another thread");
  EXPECT_TRUE(session->wait().ok());
  EXPECT_TRUE(session->reset().ok());
  EXPECT_EQ(next(*session, 2, 2), 2);
}

TEST_F(Cuda, TwoThreadsTwoSessionsTwoDevices) {
  Setting two("EINFALL_FAKE_DEVICES", "2");
  auto shared = package();
  auto work = [&](const char *device) {
    auto session = open(shared, device);
    std::vector<float> x(500), y(500);
    for (int round = 0; round < 50; ++round) {
      x[499] = float(round);
      ASSERT_TRUE(scale(*session, x.data(), y.data(), 500).ok());
      ASSERT_EQ(y[499], 3 * x[499]);
    }
  };
  std::thread a(work, "cuda:0"), b(work, "cuda:1"), c(work, "cpu"), d(work, "cuda:0");
  for (std::thread *thread : {&a, &b, &c, &d})
    thread->join();
}

TEST_F(Cuda, ProfileHasTheTimesOfTheDevice) {
  auto session = open(package());
  Profile profile;
  session->setProfile(&profile);
  std::vector<float> x(100, 1.0f), y(100);
  for (int i = 0; i < 3; ++i)
    ASSERT_TRUE(scale(*session, x.data(), y.data(), 100).ok());
  EXPECT_EQ(y[99], 3.0f);
  const std::vector<StepTime> &steps = profile.times().at("scale");
  ASSERT_EQ(steps.size(), 2u);
  EXPECT_EQ(steps[0].launches, 3u);
  EXPECT_DOUBLE_EQ(steps[1].seconds, 3 * 0.5e-3);
  EXPECT_EQ(steps[0].points, 300.0);
}

TEST_F(Cuda, ADeviceMayHaveEntriesOfItsOwn) {
  auto spec =
      test::cudaSpec(test::deviceBlob(test::toyKernels(), {{EINF_IMAGE_PTX, 80, test::toyText()}}));
  // Temporaries and steps are the device's own; the first array is not for it.
  spec.manifest.others = {{spec.manifest.targets.back().name, spec.manifest.entries}};
  spec.manifest.entries[1].buffers[2].byteSize = Extent::constant(1 << 20);
  auto own = test::openSpec(std::move(spec), "own.einf");
  auto gpu = open(own), cpu = open(own, "cpu");
  EXPECT_EQ(gpu->arenaBytes(), 4032u);
  EXPECT_EQ(cpu->arenaBytes(), 1u << 20);
  float x = 2, y = 0;
  ASSERT_TRUE(scale(*gpu, &x, &y, 1).ok());
  EXPECT_EQ(y, 6.0f);
}

TEST_F(Cuda, CInterface) {
  einf_package *package = nullptr;
  ASSERT_EQ(einf_package_open(test::cudaPackage().c_str(), &package), EINF_OK) << einf_last_error();
  einf_session *session = nullptr;
  einf_binding bounds[] = {{"b", 1}, {"c", 4}, {"n", 16}};
  EXPECT_EQ(einf_session_open_on(package, "tpu", bounds, 3, &session), EINF_INVALID_ARGUMENT);
  EXPECT_STREQ(einf_last_error(), "there is no device 'tpu'; expected cpu, cuda or cuda:N");
  EXPECT_EQ(einf_session_open_on(package, "cuda:7", bounds, 3, &session), EINF_UNSUPPORTED);
  ASSERT_EQ(einf_session_open_on(package, "cuda", bounds, 3, &session), EINF_OK)
      << einf_last_error();
  EXPECT_STREQ(einf_session_device(session), "cuda:0");
  float x[3] = {1, 2, 3}, y[3] = {};
  int64_t shape[1] = {3};
  einf_tensor in = {"x", x, shape, 1, EINF_F32}, out = {nullptr, y, shape, 1, EINF_F32};
  ASSERT_EQ(einf_run(session, "scale", &in, 1, nullptr, 0, &out, 1), EINF_OK) << einf_last_error();
  EXPECT_EQ(y[2], 9.0f);
  EXPECT_EQ(einf_wait(session), EINF_OK);
  EXPECT_STREQ(einf_session_notes(session), "");
  einf_session_close(session);
  ASSERT_EQ(einf_session_open_lm_on(package, "cuda", 1, 16, 8, &session), EINF_OK);
  einf_session_close(session);
  einf_package_close(package);
}
