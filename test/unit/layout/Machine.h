//===- Machine.h - What layouts are checked against -------------*- C++ -*-===//
//
// The definition of a wavefront by counting words, and random layouts.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_TEST_UNIT_LAYOUT_MACHINE_H
#define EINFALL_TEST_UNIT_LAYOUT_MACHINE_H

#include "lib/Layout/Banks.h"
#include <map>
#include <random>
#include <set>
#include <vector>

namespace einfall::layout::test {

/// Wavefronts of an access of `bytes` bytes at each lane's address, word by word.
inline unsigned countWavefronts(const std::vector<uint64_t> &addresses, unsigned bytes) {
  unsigned phase = bytes <= 4 ? 32 : 128 / bytes, total = 0;
  for (unsigned start = 0; start < addresses.size(); start += phase) {
    std::map<uint64_t, std::set<uint64_t>> wordsOfBank;
    for (unsigned lane = start; lane < start + phase && lane < addresses.size(); ++lane)
      for (uint64_t byte = addresses[lane]; byte < addresses[lane] + bytes; ++byte)
        wordsOfBank[byte / 4 % 32].insert(byte / 4);
    unsigned most = 0;
    for (auto &[bank, words] : wordsOfBank)
      most = std::max<unsigned>(most, words.size());
    total += most;
  }
  return total;
}

/// Wavefronts of an access, instruction by instruction.
inline unsigned countWavefronts(const Access &access, const LinearLayout &toOffset,
                                unsigned elementBits) {
  unsigned total = 0;
  auto byteAddress = [&](uint64_t offset) { return offset * elementBits / 8; };
  for (unsigned k = 0; k < access.instructions; ++k) {
    uint64_t base = toOffset({{dimRegister, multiply(access.repeats, k)}})[0].second;
    if (access.kind == AccessKind::vector) {
      std::vector<uint64_t> addresses;
      for (uint64_t lane = 0; lane < 1u << toOffset.inBits(dimLane); ++lane)
        addresses.push_back(byteAddress(base ^ toOffset({{dimLane, lane}})[0].second));
      total += countWavefronts(addresses, (elementBits << access.word.size()) / 8);
      continue;
    }
    for (unsigned matrix = 0; matrix < 1u << access.matrices.size(); ++matrix) {
      uint64_t start = toOffset({{dimRegister, multiply(access.matrices, matrix)}})[0].second;
      std::vector<uint64_t> addresses;
      for (uint64_t row = 0; row < 8; ++row)
        addresses.push_back(byteAddress(base ^ start ^ multiply(access.rows, row)));
      total += countWavefronts(addresses, 16);
    }
  }
  return total;
}

/// Calls `body` with each place of a warp, the offset that the access moves it to or
/// from, as the instruction is defined, and the offset of the vector or row that holds it.
template <typename Body>
void forAllMoves(const Access &access, const LinearLayout &toOffset, unsigned elementBits,
                 uint64_t warp, Body body) {
  auto offsetOf = [&](uint64_t reg, uint64_t lane) {
    return toOffset({{dimRegister, reg}, {dimLane, lane}, {dimWarp, warp}})[0].second;
  };
  unsigned words = 1u << access.word.size();
  for (uint64_t k = 0; k < access.instructions; ++k)
    for (uint64_t m = 0; m < 1u << access.matrices.size(); ++m)
      for (uint64_t lane = 0; lane < 1u << toOffset.inBits(dimLane); ++lane)
        for (uint64_t i = 0; i < words; ++i) {
          uint64_t first = multiply(access.repeats, k) ^ multiply(access.matrices, m);
          uint64_t reg = first ^ multiply(access.word, i);
          if (access.kind == AccessKind::vector) {
            body(reg, lane, offsetOf(first, lane) + i, offsetOf(first, lane));
            continue;
          }
          uint64_t row = lane / 4, column = lane % 4 * words + i;
          if (access.kind == AccessKind::matrixTransposed)
            std::swap(row, column);
          uint64_t start = offsetOf(first, 0) ^ multiply(access.rows, row);
          body(reg, lane, start + column, start);
        }
}

/// A random bijection of `bits` bits.
inline VectorList randomBasis(unsigned bits, std::mt19937 &random) {
  for (;;) {
    VectorList columns;
    for (unsigned i = 0; i < bits; ++i)
      columns.push_back(random() & lowMask(bits));
    if (rankOf(columns) == bits)
      return columns;
  }
}

/// A random order of the unit vectors: bits move, none are added.
inline VectorList randomOrder(unsigned bits, std::mt19937 &random) {
  VectorList columns = unitVectors(bits);
  std::shuffle(columns.begin(), columns.end(), random);
  return columns;
}

} // namespace einfall::layout::test

#endif
