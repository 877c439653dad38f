//===- FakeKernels.h - The kernels of toy.ptx in C++ ----------------------===//
#ifndef EINFALL_TEST_RUNTIME_CUDA_FAKEKERNELS_H
#define EINFALL_TEST_RUNTIME_CUDA_FAKEKERNELS_H

#include <cstdint>
#include <memory>
#include <string>

/// Takes the parameters, 8 bytes each.
using FakeKernel = void (*)(const int64_t *slots, unsigned blocks, unsigned threads);

/// Null if there is no such kernel.
FakeKernel findFakeKernel(const std::string &name);

#endif
