//===- Simulator.h - Runs plans of conversions on values --------*- C++ -*-===//
//
// Registers, lanes, warps and shared memory as arrays; instructions as the PTX ISA
// describes them. A value is the number of an element; what nobody wrote is -1.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_TEST_UNIT_LAYOUT_SIMULATOR_H
#define EINFALL_TEST_UNIT_LAYOUT_SIMULATOR_H

#include "lib/Layout/Convert.h"
#include "lib/Layout/Fragments.h"
#include "test/unit/layout/Machine.h"
#include <gtest/gtest.h>

namespace einfall::layout::test {

class Simulator {
public:
  /// The source's places hold what `source` says; `targetRegisters` wait for values.
  Simulator(const LinearLayout &source, unsigned targetRegisters, unsigned lanes, unsigned warps)
      : lanes(lanes), warps(warps) {
    unsigned registers = 1u << source.inBits(dimRegister);
    sources.assign(warps, File(lanes, std::vector<int64_t>(registers)));
    targets.assign(warps, File(lanes, std::vector<int64_t>(targetRegisters, -1)));
    forAllLanes([&](unsigned w, unsigned l) {
      for (unsigned r = 0; r < registers; ++r)
        sources[w][l][r] = source(place(source, r, l, w));
    });
  }

  void run(const Plan &plan) {
    storageBits = plan.storageBits;
    memory.assign(1ull << plan.memory.inBits(), {});
    if (plan.steps.empty())
      targets = sources;
    for (const Step &step : plan.steps)
      std::visit([&](auto &s) { execute(s); }, step);
  }

  /// Whether every place of the target holds its element.
  bool holds(const LinearLayout &target) const {
    bool all = true;
    forAllLanes([&](unsigned w, unsigned l) {
      for (unsigned r = 0; r < targets[w][l].size(); ++r)
        all &= targets[w][l][r] == static_cast<int64_t>(target(place(target, r, l, w)));
    });
    return all;
  }

  /// A place of a layout; dimensions that it lacks do not matter.
  static uint64_t place(const LinearLayout &layout, uint64_t r, uint64_t l, uint64_t w) {
    Point point;
    for (auto [name, value] : {std::pair(dimRegister, r), {dimLane, l}, {dimWarp, w}})
      if (layout.hasIn(name))
        point.push_back({name, value & lowMask(layout.inBits(name))});
    return layout.flattenIn(point);
  }

private:
  using File = std::vector<std::vector<int64_t>>; // lane, register
  struct Cell {
    int64_t value = -1;
    std::set<unsigned> writers; // warps
  };

  template <typename Body> void forAllLanes(Body body) const {
    for (unsigned w = 0; w < warps; ++w)
      for (unsigned l = 0; l < lanes; ++l)
        body(w, l);
  }

  void execute(const MoveRegisters &move) {
    forAllLanes([&](unsigned w, unsigned l) {
      for (unsigned r = 0; r < move.from.size(); ++r)
        targets[w][l][r] = sources[w][l][move.from[r]];
    });
  }
  void execute(const CopyRegisters &copy) {
    std::vector<File> before = targets;
    forAllLanes([&](unsigned w, unsigned l) {
      for (unsigned r = 0; r < copy.from.size(); ++r)
        targets[w][l][r] = before[w][l][copy.from[r]];
    });
  }

  void execute(const ShuffleRound &round) {
    ASSERT_EQ(round.sentWith.size(), round.receivedWith.size());
    forAllLanes([&](unsigned w, unsigned l) {
      unsigned other = round.from(place(round.from, 0, l, w)) ^ round.fromBase;
      if (!round.crossesLanes)
        EXPECT_EQ(other, l);
      uint64_t offered = round.send(place(round.send, 0, other, w)) ^ round.sendBase;
      uint64_t taken = round.receive(place(round.receive, 0, l, w)) ^ round.receiveBase;
      for (uint64_t i = 0; i < 1ull << round.sentWith.size(); ++i)
        targets[w][l][taken ^ multiply(round.receivedWith, i)] =
            sources[w][other][offered ^ multiply(round.sentWith, i)];
    });
  }

  void execute(const Barrier &barrier) { blockWide = barrier.block; }

  void access(const MemoryStep &step, unsigned w, int64_t &value, uint64_t offset) {
    Cell &cell = memory.at(offset);
    if (step.isStore) {
      EXPECT_TRUE(cell.writers.empty() || cell.value == value) << "two values for one place";
      cell.value = value;
      cell.writers.insert(w);
    } else {
      EXPECT_TRUE(blockWide || cell.writers.count(w)) << "read before it was written";
      value = cell.value;
    }
  }

  void execute(const MemoryStep &step) {
    std::vector<File> &files = step.isStore ? sources : targets;
    EXPECT_EQ(step.access.wavefronts, countWavefronts(step.access, step.toOffset, storageBits));
    for (uint64_t k = 0; k < step.access.instructions; ++k) {
      uint64_t first = multiply(step.access.repeats, k);
      if (step.access.kind == AccessKind::vector)
        forAllLanes([&](unsigned w, unsigned l) { vector(step, first, w, l, files[w][l]); });
      else
        for (unsigned w = 0; w < warps; ++w)
          matrices(step, first, w, files[w]);
    }
  }

  void vector(const MemoryStep &step, uint64_t first, unsigned w, unsigned l,
              std::vector<int64_t> &registers) {
    uint64_t base = step.toOffset(place(step.toOffset, first, l, w));
    uint64_t count = 1ull << step.access.word.size();
    EXPECT_EQ(base % count, 0u) << "not aligned";
    EXPECT_LE(count * storageBits, 128u);
    EXPECT_EQ(count * storageBits % 8, 0u);
    for (uint64_t i = 0; i < count; ++i)
      access(step, w, registers[first ^ multiply(step.access.word, i)], base + i);
  }

  /// ldmatrix and stmatrix: lane 8 i + j holds the address of row j of matrix i.
  void matrices(const MemoryStep &step, uint64_t first, unsigned w, File &file) {
    const Access &a = step.access;
    std::vector<uint64_t> rows;
    for (uint64_t i = 0; i < 8ull << a.matrices.size(); ++i) {
      uint64_t matrix = first ^ multiply(a.matrices, i / 8);
      rows.push_back(step.toOffset(place(step.toOffset, matrix, 0, w)) ^ multiply(a.rows, i % 8));
      EXPECT_EQ(rows.back() * storageBits % 128, 0u) << "not aligned";
    }
    unsigned inWord = 32 / storageBits;
    for (unsigned l = 0; l < 32; ++l)
      for (uint64_t i = 0; i < (1ull << a.matrices.size()) * inWord; ++i) {
        bool turned = a.kind == AccessKind::matrixTransposed;
        uint64_t row = l / 4, column = l % 4 * inWord + i % inWord;
        if (turned)
          std::swap(row, column);
        uint64_t r = first ^ multiply(a.matrices, i / inWord) ^ multiply(a.word, i % inWord);
        access(step, w, file[l][r], rows[i / inWord * 8 + row] + column);
      }
  }

  unsigned lanes, warps, storageBits = 0;
  bool blockWide = false;
  std::vector<File> sources, targets;
  std::vector<Cell> memory;
};

} // namespace einfall::layout::test

#endif
