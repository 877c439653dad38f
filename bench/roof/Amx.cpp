//===- Amx.cpp - Peaks of the tile unit -----------------------------------===//
#include "Roof.h"

#if defined(__x86_64__) && defined(__linux__)
#include <cstring>
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>
#define EINFALL_HAS_AMX_LOOPS 1
#endif

namespace einfall::roof {

#ifdef EINFALL_HAS_AMX_LOOPS
namespace {

constexpr uint64_t kSteps = 1024;
/// Tiles 0 to 3 accumulate, 4 and 5 hold rows, 6 and 7 columns.
constexpr int kProducts = 4;

/// The kernel grants the tile state to a process that asks.
bool request() {
  constexpr int kRequestPermission = 0x1023, kTileData = 18;
  static const bool granted = syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
  return granted;
}

__attribute__((target("amx-tile"))) void configure() {
  alignas(64) unsigned char config[64] = {1};
  for (int tile = 0; tile < 8; ++tile) {
    uint16_t columns = 64;
    std::memcpy(config + 16 + 2 * tile, &columns, 2);
    config[48 + tile] = 16;
  }
  _tile_loadconfig(config);
  alignas(64) static const unsigned char zeros[1024] = {};
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  _tile_loadd(4, zeros, 64);
  _tile_loadd(5, zeros, 64);
  _tile_loadd(6, zeros, 64);
  _tile_loadd(7, zeros, 64);
}

__attribute__((target("amx-tile,amx-bf16"))) void runBf16(unsigned, unsigned, uint64_t passes) {
  configure();
  for (uint64_t step = 0; step < passes * kSteps; ++step) {
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  }
  _tile_release();
}

__attribute__((target("amx-tile,amx-int8"))) void runInt8(unsigned, unsigned, uint64_t passes) {
  configure();
  for (uint64_t step = 0; step < passes * kSteps; ++step) {
    _tile_dpbusd(0, 4, 6);
    _tile_dpbusd(1, 4, 7);
    _tile_dpbusd(2, 5, 6);
    _tile_dpbusd(3, 5, 7);
  }
  _tile_release();
}

} // namespace

std::vector<Loop> amxBf16(unsigned threads) {
  if (!__builtin_cpu_supports("amx-bf16") || !request())
    return {};
  return {{"AMX, 2 x 2 tiles", 2.0 * 16 * 16 * 32 * kProducts * kSteps * threads, runBf16}};
}

std::vector<Loop> amxInt8(unsigned threads) {
  if (!__builtin_cpu_supports("amx-int8") || !request())
    return {};
  return {{"AMX, 2 x 2 tiles", 2.0 * 16 * 16 * 64 * kProducts * kSteps * threads, runInt8}};
}
#else
std::vector<Loop> amxBf16(unsigned) { return {}; }
std::vector<Loop> amxInt8(unsigned) { return {}; }
#endif

} // namespace einfall::roof
