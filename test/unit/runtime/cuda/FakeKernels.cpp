//===- FakeKernels.cpp - The kernels of toy.ptx in C++ --------------------===//
#include "FakeKernels.h"

namespace {

template <typename T> T *pointer(int64_t slot) { return reinterpret_cast<T *>(slot); }

void times(const int64_t *p, unsigned blocks, unsigned threads) {
  const float *x = pointer<float>(p[0]), *w = pointer<float>(p[1]);
  for (int64_t i = 0; i < int64_t(blocks) * threads && i < p[3]; ++i)
    pointer<float>(p[2])[i] = x[i] * w[0];
}

void store(const int64_t *p, unsigned blocks, unsigned) {
  int64_t s = p[2], t = p[3], c = p[4];
  for (unsigned b = 0; b < blocks; ++b)
    for (int64_t i = 0; i < s; ++i)
      pointer<int64_t>(p[1])[b * c + t - s + i] = pointer<int64_t>(p[0])[b * s + i];
}

void logits(const int64_t *p, unsigned blocks, unsigned) {
  int64_t t = p[4], c = p[5];
  for (unsigned b = 0; b < blocks; ++b) {
    int64_t sum = 0;
    for (int64_t i = pointer<int64_t>(p[0])[b]; i < t; ++i)
      sum += pointer<int64_t>(p[1])[b * c + i];
    for (int64_t v = 0; v < 7; ++v)
      pointer<float>(p[3])[b * 7 + v] = (v == sum % 7 ? 1.0f : 0.0f) + pointer<float>(p[2])[1];
  }
}

} // namespace

FakeKernel findFakeKernel(const std::string &name) {
  return name == "times" ? times : name == "store" ? store : name == "logits" ? logits : nullptr;
}
