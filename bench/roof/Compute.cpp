//===- Compute.cpp - Peaks of the vector units ----------------------------===//
#include "Roof.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace einfall::roof {
namespace {

/// Multiply-adds of one block; large enough that the loop around it is free.
constexpr uint64_t kSteps = 4096;

/// Adds a loop: each pass makes kSteps steps of `chains` independent
/// instructions that do `flops` operations each, on every thread.
template <typename Fn>
void add(std::vector<Loop> &loops, const char *isa, int chains, double flops, unsigned threads,
         Fn step) {
  loops.push_back({std::string(isa) + ", " + std::to_string(chains) + " chains",
                   flops * chains * double(kSteps) * threads,
                   [step](unsigned, unsigned, uint64_t passes) {
                     for (uint64_t pass = 0; pass < passes; ++pass)
                       step();
                   }});
}

// A chain's register is written by an asm statement that the compiler cannot
// see through; the intrinsics between decide which instruction runs.
#define EINFALL_CHAINS(NAME, ISA, VECTOR, INIT, STEP)                                              \
  template <int Chains> __attribute__((target(ISA), noinline)) void NAME() {                       \
    VECTOR x = INIT, y = INIT, acc[Chains];                                                        \
    asm volatile("" : "+x"(x), "+x"(y));                                                           \
    for (int i = 0; i < Chains; ++i)                                                               \
      acc[i] = x;                                                                                  \
    for (uint64_t step = 0; step < kSteps; ++step) {                                               \
      _Pragma("clang loop unroll(full)") for (int i = 0; i < Chains; ++i) acc[i] =                 \
          STEP(acc[i], x, y);                                                                      \
    }                                                                                              \
    for (int i = 0; i < Chains; ++i)                                                               \
      asm volatile("" ::"x"(acc[i]));                                                              \
  }

#if defined(__x86_64__)
#define EINFALL_FMA(acc, x, y) _mm256_fmadd_ps(x, y, acc)
EINFALL_CHAINS(fmaAvx2, "avx2,fma", __m256, _mm256_setzero_ps(), EINFALL_FMA)
#undef EINFALL_FMA
#define EINFALL_FMA(acc, x, y) _mm512_fmadd_ps(x, y, acc)
EINFALL_CHAINS(fmaAvx512, "avx512f", __m512, _mm512_setzero_ps(), EINFALL_FMA)
#undef EINFALL_FMA

#define EINFALL_DOT(acc, x, y) _mm512_dpbf16_ps(acc, (__m512bh)(x), (__m512bh)(y))
EINFALL_CHAINS(dotBf16Avx512, "avx512f,avx512bf16", __m512, _mm512_setzero_ps(), EINFALL_DOT)
#undef EINFALL_DOT

#define EINFALL_DOT(acc, x, y) _mm512_dpbusd_epi32(acc, x, y)
EINFALL_CHAINS(dotInt8Avx512, "avx512f,avx512vnni", __m512i, _mm512_setzero_si512(), EINFALL_DOT)
#undef EINFALL_DOT
#define EINFALL_DOT(acc, x, y) _mm256_dpbusd_avx_epi32(acc, x, y)
EINFALL_CHAINS(dotInt8Avx, "avx2,avxvnni", __m256i, _mm256_setzero_si256(), EINFALL_DOT)
#undef EINFALL_DOT
#elif defined(__aarch64__)
using Float4 = float __attribute__((vector_size(16)));
template <int Chains> __attribute__((noinline)) void fmaNeon() {
  Float4 x = {}, y = {}, acc[Chains];
  asm volatile("" : "+w"(x), "+w"(y));
  for (Float4 &chain : acc)
    chain = x;
  for (uint64_t step = 0; step < kSteps; ++step) {
#pragma clang loop unroll(full)
    for (int i = 0; i < Chains; ++i)
      acc[i] += x * y;
  }
  for (Float4 &chain : acc)
    asm volatile("" ::"w"(chain));
}
#endif

} // namespace

std::vector<Loop> fmaF32(unsigned threads) {
  std::vector<Loop> loops;
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) {
    add(loops, "AVX-512", 8, 32, threads, fmaAvx512<8>);
    add(loops, "AVX-512", 12, 32, threads, fmaAvx512<12>);
    add(loops, "AVX-512", 24, 32, threads, fmaAvx512<24>);
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    add(loops, "AVX2", 8, 16, threads, fmaAvx2<8>);
    add(loops, "AVX2", 10, 16, threads, fmaAvx2<10>);
    add(loops, "AVX2", 12, 16, threads, fmaAvx2<12>);
  }
#elif defined(__aarch64__)
  add(loops, "NEON", 8, 8, threads, fmaNeon<8>);
  add(loops, "NEON", 16, 8, threads, fmaNeon<16>);
  add(loops, "NEON", 24, 8, threads, fmaNeon<24>);
#endif
  return loops;
}

std::vector<Loop> dotBf16(unsigned threads) {
  std::vector<Loop> loops;
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bf16")) {
    add(loops, "AVX-512 bf16", 8, 64, threads, dotBf16Avx512<8>);
    add(loops, "AVX-512 bf16", 12, 64, threads, dotBf16Avx512<12>);
    add(loops, "AVX-512 bf16", 24, 64, threads, dotBf16Avx512<24>);
  }
#endif
  return loops;
}

std::vector<Loop> dotInt8(unsigned threads) {
  std::vector<Loop> loops;
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vnni")) {
    add(loops, "AVX-512 VNNI", 8, 128, threads, dotInt8Avx512<8>);
    add(loops, "AVX-512 VNNI", 12, 128, threads, dotInt8Avx512<12>);
    add(loops, "AVX-512 VNNI", 24, 128, threads, dotInt8Avx512<24>);
  }
  if (__builtin_cpu_supports("avxvnni")) {
    add(loops, "AVX-VNNI", 8, 64, threads, dotInt8Avx<8>);
    add(loops, "AVX-VNNI", 12, 64, threads, dotInt8Avx<12>);
  }
#endif
  return loops;
}

} // namespace einfall::roof
