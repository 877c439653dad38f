// What is missing, damaged or fails is told in one line, and the process goes on.
#include "CudaFixture.h"
#include "devices/cuda/Recording.h"

#include <algorithm>

using namespace einfall;
using namespace einfall::rt;
using test::Setting;

class CudaFailure : public test::Cuda {
protected:
  /// The CPU is none the worse for what happened.
  static void expectCpuRuns() {
    auto session = open(package(), "cpu");
    ASSERT_TRUE(session);
    EXPECT_EQ(next(*session, 4, 1), 4);
  }
  /// A driver that has not been opened yet.
  static std::string freshDriver(const std::string &name) {
    std::string path = test::temporaryPath(name);
    test::writeFile(path, test::readFile(EINFALL_TEST_FAKE_CUDA));
    return path;
  }
};

TEST_F(CudaFailure, NoDriver) {
  Setting driver("EINFALL_CUDA_DRIVER", "/nonexistent/libcuda.so.1");
  expectIn(refusal(package()), "there is no NVIDIA driver on this machine");
  EXPECT_EQ(tryOpen(package()).status().code(), StatusCode::Unsupported);
  expectCpuRuns();
}

TEST_F(CudaFailure, NoGpu) {
  open(package()); // the driver is there, and then the GPU goes
  Setting none("EINFALL_FAKE_DEVICES", "0");
  expectIn(refusal(package()), "no NVIDIA GPU, run on the CPU");
  Setting driver("EINFALL_CUDA_DRIVER", freshDriver("no-gpu.so"));
  expectIn(refusal(package()), "there is no NVIDIA GPU on this machine: run on the CPU");
  expectCpuRuns();
}

TEST_F(CudaFailure, NoSuchGpu) {
  expectIn(refusal(package(), "cuda:3"),
           "there is no device cuda:3: this machine has 1 of them, counted from 0");
  for (const char *name : {"gpu", "cuda:", "cuda:x", "cuda:-1", "cuda1"})
    expectIn(refusal(package(), name), "expected cpu, cuda or cuda:N");
}

TEST_F(CudaFailure, OldDriver) {
  Setting old("EINFALL_FAKE_VERSION", "10020");
  Setting driver("EINFALL_CUDA_DRIVER", freshDriver("old.so"));
  expectIn(refusal(package()),
           "the NVIDIA driver supports CUDA 10.2, but einfall needs 12.0 or newer");
  expectCpuRuns();
}

TEST_F(CudaFailure, AnotherLibraryIsNoDriver) {
  std::string path = test::temporaryPath("other.so");
  test::writeFile(path, test::compile("int other;"));
  Setting driver("EINFALL_CUDA_DRIVER", path);
  expectIn(refusal(package()), "is no NVIDIA driver");
}

TEST_F(CudaFailure, NoCodeForTheDevice) {
  expectIn(refusal(test::openToy()), "the package holds no code for cuda; its targets are any");
  auto later = test::openSpec(test::cudaSpec(test::deviceBlob(
                                  test::toyKernels(), {{EINF_IMAGE_PTX, 100, test::toyText()},
                                                       {EINF_IMAGE_CUBIN, 80, "machine code"}})),
                              "later.einf");
  expectIn(refusal(later), "sm_80 is for sm_100 (PTX), sm_80, but Fake GPU is sm_90");
  auto spec = test::cudaSpec("");
  spec.code[1] = spec.code[0];
  expectIn(refusal(test::openSpec(std::move(spec), "none.einf")), "carries no device code");
}

TEST_F(CudaFailure, KernelsThatTheDriverRefuses) {
  auto refused = [&](std::vector<test::BlobKernel> kernels, const std::string &text) {
    return refusal(test::openSpec(
        test::cudaSpec(test::deviceBlob(kernels, {{EINF_IMAGE_PTX, 80, text}})), "refused.einf"));
  };
  expectIn(refused(test::toyKernels(), std::string("nonsense\0", 9)), "line 1: no kernel");
  expectIn(refused({{"absent", "a.py:3"}}, test::toyText()), "set up kernel 'absent' (a.py:3)");
  expectIn(refused({{"times", "", 2000}}, test::toyText()), "device code is damaged");
}

TEST_F(CudaFailure, MachineCodeThatTheDriverRefusesGivesWayToText) {
  // To the driver of the tests, machine code is text with another first line.
  std::string machine = "// machine code\n" + test::toyText();
  auto packageOf = [&](std::vector<test::BlobImage> images) {
    return test::openSpec(test::cudaSpec(test::deviceBlob(test::toyKernels(), images)),
                          "machine.einf");
  };
  auto both = packageOf({{EINF_IMAGE_CUBIN, 90, machine}, {EINF_IMAGE_PTX, 80, test::toyText()}});
  Setting refuse("EINFALL_FAKE_REFUSE_IMAGE", "machine code");
  auto session = open(both);
  ASSERT_TRUE(session);
  EXPECT_EQ(next(*session, 4, 1), 4);
  expectIn(session->notes(), "sm_80 (PTX) is used, since the driver refuses better code (sm_90: ");
  // Both reasons, where the text is no better.
  auto neither = packageOf(
      {{EINF_IMAGE_CUBIN, 90, machine}, {EINF_IMAGE_PTX, 80, std::string("nonsense\0", 9)}});
  EXPECT_EQ(tryOpen(neither).status().code(), StatusCode::Unsupported);
  std::string message = refusal(neither);
  expectIn(message, "sm_80 is refused by the driver (sm_90: cannot load it: ");
  expectIn(message, "; sm_80 (PTX): cannot load it: ");
  expectIn(message, "line 1: no kernel");
}

TEST_F(CudaFailure, ATargetThatTheDriverRefusesGivesWayToTheNext) {
  std::string later = "// a later target\n" + test::toyText();
  auto specOf = [](const std::string &text, const char *name) {
    package::PackageSpec spec = test::cudaSpec(
        test::deviceBlob(test::toyKernels(), {{EINF_IMAGE_PTX, EINF_CAPABILITY_EXACT | 90, text}}));
    spec.manifest.targets[1].name = name;
    return spec;
  };
  package::PackageSpec spec = specOf(later, "sm_90a"), oldest = specOf(test::toyText(), "sm_80");
  spec.manifest.targets[1].priority = 9;
  spec.manifest.targets.push_back(oldest.manifest.targets[1]);
  spec.code.push_back(oldest.code[1]);
  auto package = test::openSpec(std::move(spec), "targets.einf");
  EXPECT_EQ(open(package)->target(), "sm_90a");
  Setting refuse("EINFALL_FAKE_REFUSE_IMAGE", "a later target");
  auto session = open(package);
  ASSERT_TRUE(session);
  EXPECT_EQ(session->target(), "sm_80");
  expectIn(session->notes(), "target sm_80 is used, since sm_90a is refused by the driver (");
  EXPECT_EQ(next(*session, 4, 1), 4);
}

TEST_F(CudaFailure, ATargetWithTooMuchSharedMemoryGivesWayToTheNext) {
  // What cards of 8.6, 8.9 and 12.0 grant.
  Setting shared("EINFALL_FAKE_SHARED", "101376");
  auto specOf = [](unsigned bytes) {
    std::vector<test::BlobKernel> kernels = test::toyKernels();
    kernels[1].sharedBytes = bytes;
    return test::cudaSpec(test::deviceBlob(kernels, {{EINF_IMAGE_PTX, 80, test::toyText()}}));
  };
  EXPECT_EQ(open(test::openSpec(specOf(101376), "fits.einf"))->notes(), "");
  auto alone = test::openSpec(specOf(101377), "alone.einf");
  EXPECT_EQ(tryOpen(alone).status().code(), StatusCode::Unsupported);
  expectIn(refusal(alone), "no target of the package runs on cuda:0: sm_80 needs 100 KiB of shared "
                           "memory a block (kernel 'store' (toy.py:11)), but Fake GPU has 99");
  package::PackageSpec spec = specOf(165888), small = specOf(0);
  spec.manifest.targets[1].name = "sm_90a";
  spec.manifest.targets[1].priority = 9;
  spec.manifest.targets.push_back(small.manifest.targets[1]);
  spec.code.push_back(small.code[1]);
  auto session = open(test::openSpec(std::move(spec), "large.einf"));
  ASSERT_TRUE(session);
  EXPECT_EQ(session->target(), "sm_80");
  expectIn(session->notes(), "target sm_80 is used, since sm_90a needs 162 KiB of shared memory a "
                             "block (kernel 'store'");
  EXPECT_EQ(next(*session, 4, 1), 4);
}

TEST_F(CudaFailure, OutOfMemory) {
  auto shared = package();
  auto kept = open(shared);
  {
    Setting little("EINFALL_FAKE_MEMORY", std::to_string(counts_->bytes + 100));
    Status status = tryOpen(shared).status();
    EXPECT_EQ(status.code(), StatusCode::OutOfMemory);
    expectIn(status.message(), "cannot allocate 256 bytes for state 'slots' on cuda:0");
    EXPECT_EQ(next(*kept, 4, 1, &status), -1) << "the first call wants memory for its tensors";
    EXPECT_EQ(status.code(), StatusCode::OutOfMemory);
  }
  EXPECT_EQ(next(*kept, 4, 1), 4);
  EXPECT_TRUE(open(shared));
  Binding huge[] = {{"b", int64_t(1) << 40}, {"c", 99}};
  expectIn(Session::open(shared, huge, "cuda").status().message(), "cannot allocate");
}

TEST_F(CudaFailure, AFaultNamesTheKernelAndTheProcessGoesOn) {
  {
    auto shared = package();
    auto session = open(shared), other = open(shared);
    auto cpu = open(shared, "cpu");
    Status status;
    {
      Setting fault("EINFALL_FAKE_FAULT", "logits");
      EXPECT_EQ(next(*session, 1, 1, &status), -1);
    }
    EXPECT_EQ(status.code(), StatusCode::DeviceFailed);
    expectIn(status.message(), "cannot run kernel 'logits' (toy.py:12) of entry 'next' on cuda:0: "
                               "an illegal memory access was encountered");
    EXPECT_EQ(next(*other, 1, 1, &status), -1);
    expectIn(status.message(), "cannot go on after an earlier failure");
    expectIn(status.message(), "kernel 'logits' (toy.py:12)");
    expectIn(refusal(shared), "close them all before opening another");
    EXPECT_EQ(next(*cpu, 5, 1), 5);
  }
  EXPECT_EQ(next(*open(package()), 5, 1), 5) << "a new context";
}

TEST_F(CudaFailure, AFaultInAGraphNamesTheEntry) {
  auto session = open(package());
  for (int64_t t = 1; t < 4; ++t)
    EXPECT_EQ(next(*session, 1, t), t);
  Setting fault("EINFALL_FAKE_FAULT", "store");
  Status status;
  next(*session, 1, 4, &status);
  expectIn(status.message(), "one of the 2 kernels of entry 'next'");
}

TEST_F(CudaFailure, AFaultUnderAProfileNamesTheKernel) {
  auto session = open(package());
  Profile profile;
  session->setProfile(&profile);
  Setting fault("EINFALL_FAKE_FAULT", "logits");
  Status status;
  next(*session, 1, 1, &status);
  expectIn(status.message(), "cannot run kernel 'logits' (toy.py:12) of entry 'next'");
}

TEST_F(CudaFailure, WithoutNumbersOfTheStreamAFaultSaysWhatItCannotTell) {
  // One driver lacks the function, one refuses it.
  for (const char *path : {EINFALL_TEST_OLD_CUDA, EINFALL_TEST_FAKE_CUDA}) {
    Setting driver("EINFALL_CUDA_DRIVER", path);
    Setting refuse("EINFALL_FAKE_REFUSE_WRITE", "1");
    auto session = open(package());
    ASSERT_TRUE(session);
    for (int64_t t = 1; t < 5; ++t) // with and without a graph
      EXPECT_EQ(next(*session, 1, t), t);
    Setting fault("EINFALL_FAKE_FAULT", "logits");
    Status status;
    next(*session, 1, 5, &status);
    expectIn(status.message(), "cannot run a kernel of entry 'next' or of a call before it (it has "
                               "2, and the driver has or grants no cuStreamWriteValue32");
  }
}

/// A session that a global of the program holds goes after the statics of the runtime.
static std::unique_ptr<Session> kept;

TEST_F(CudaFailure, ASessionMayCloseAtTheEndOfTheProcess) {
  GTEST_FLAG_SET(death_test_style, "threadsafe"); // a process of its own
  // What is freed holds no pointers there any more.
  Setting perturb("GLIBC_TUNABLES", "glibc.malloc.perturb=90:glibc.malloc.tcache_count=0");
  auto holdAndLeave = [] {
    kept = open(package());
    std::exit(next(*kept, 4, 1) == 4 ? 0 : 1);
  };
  EXPECT_EXIT(holdAndLeave(), testing::ExitedWithCode(0), "");
}

TEST_F(CudaFailure, ARefusedLaunchIsToldAndTheSessionGoesOn) {
  auto session = open(package());
  Status status;
  {
    Setting refuse("EINFALL_FAKE_REFUSE", "store");
    next(*session, 1, 1, &status);
  }
  expectIn(status.message(), "cannot launch kernel 'store' (toy.py:11) of entry 'next'");
  EXPECT_EQ(next(*session, 3, 1, &status), 3) << status.message();
}

TEST_F(CudaFailure, WithoutGraphsKernelsAreLaunchedOneByOne) {
  for (const char *step : {"add", "instantiate", "set", "launch"}) {
    auto session = open(package());
    Setting refuse("EINFALL_FAKE_REFUSE_GRAPH", step);
    int64_t launches = counts_->launches, graphLaunches = counts_->graphLaunches, sum = 0;
    for (int64_t t = 1; t <= 6; ++t) {
      sum += t;
      Status status;
      EXPECT_EQ(next(*session, t % 7, t, &status), sum % 7) << step << ": " << status.message();
    }
    EXPECT_EQ(counts_->launches - launches, 12) << step;
    EXPECT_LE(counts_->graphLaunches - graphLaunches, 1) << step;
    // Told once, not with every call.
    std::string notes = session->notes();
    expectIn(notes, "they are launched one by one: cannot launch the kernels of entry 'next' as a "
                    "graph: another error");
    EXPECT_EQ(std::count(notes.begin(), notes.end(), '\n'), 1) << notes;
  }
}

TEST_F(CudaFailure, ACallWithALargeCopyIsNoGraph) {
  cuda::Recording recording;
  recording.clear(1);
  auto copy = [&](int64_t bytes) {
    cuda::Recording::services().copy_device(&recording, nullptr, nullptr, bytes);
  };
  copy(INT32_MAX);
  EXPECT_FALSE(recording.hasLargeCopy());
  copy(int64_t(1) << 31);
  EXPECT_TRUE(recording.hasLargeCopy());
}

TEST_F(CudaFailure, AnEarlierFaultIsNotTakenForAGraphThatCannotBe) {
  auto session = open(package()), other = open(package());
  for (auto *one : {session.get(), other.get()})
    EXPECT_EQ(next(*one, 1, 1), 1);
  Setting fault("EINFALL_FAKE_FAULT", "store");
  Status status;
  next(*session, 1, 2, &status);
  EXPECT_EQ(status.code(), StatusCode::DeviceFailed);
  next(*other, 1, 2, &status);
  EXPECT_EQ(status.code(), StatusCode::DeviceFailed);
  EXPECT_EQ(other->notes(), "");
}

TEST_F(CudaFailure, ABrokenAssumptionIsTold) {
  auto session = open(package());
  Status status;
  next(*session, 1, 0, &status);
  expectIn(status.message(), "entry 'next' needs t - s >= 0, which these sizes break");
  EXPECT_EQ(next(*session, 1, 1, &status), 1);
}
