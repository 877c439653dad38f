//===- Convert.h - From one distributed layout to another -------*- C++ -*-===//
//
// Registers of the target take the values of places of the source: the *transfer*,
// a linear map from target places to source places that the inverse of the source gives.
// Where the source holds an element several times, the copy in the reader's own
// lane is preferred, then one in its warp. What the transfer changes says
// what the hardware has to do:
//
//  * nothing, or only the number of a register, which costs no instruction;
//  * lanes of a warp: **shuffles**. In a round each lane offers one register (or several
//    narrow ones in a word) and takes one from a lane of its choice. If lanes want
//    different registers of one lane, they must not ask in the same round. So lane l
//    asks in round k for its register k ^ skew(l): the skew is a linear map chosen
//    such that l -> lane asked is injective up to broadcasts; if the source has
//    copies, lanes may also ask different ones. That makes as many rounds as there are
//    registers (words) to fill; a round in which every lane asks itself is no shuffle. So
//    two lanes that exchange half of their registers shuffle that half only.
//    Choosing by lane which register to offer and where to put what came takes selects;
//  * warps: **memory**, in the order that Swizzle.h finds, with ldmatrix and
//    stmatrix where they apply. Memory serves lanes as well, so where shuffles are
//    possible the cheaper way wins.
//
// A plan is data: linear maps and lists of registers, from which instructions can be
// printed without further thought, or values be moved by a simulator.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_LIB_LAYOUT_CONVERT_H
#define EINFALL_LIB_LAYOUT_CONVERT_H

#include "lib/Layout/Swizzle.h"
#include <variant>
#include <vector>

namespace einfall::layout {

/// target[r] = source[from[r]], in all lanes.
struct MoveRegisters {
  std::vector<unsigned> from;
};

/// target[r] = target[from[r]]: copies of what has arrived.
struct CopyRegisters {
  std::vector<unsigned> from;
};

/// A round. Lane l of warp w offers the source registers send(l, w) ^ sendBase ^ s for
/// each s in `sentWith`, takes what lane from(l, w) ^ fromBase offers, and puts it into
/// target registers receive(l) ^ receiveBase ^ t, with t in `receivedWith` as s.
struct ShuffleRound {
  LinearLayout send, from, receive; // (lane, warp) -> register, lane, register
  uint64_t sendBase = 0, fromBase = 0, receiveBase = 0;
  VectorList sentWith, receivedWith; // bases: a word of narrow elements
  /// False: every lane asks itself, and only selects a register.
  bool crossesLanes = true;
};

/// Source registers to memory, or memory to target registers, as `access` says.
struct MemoryStep {
  bool isStore = false;
  LinearLayout toOffset; // (register, lane, warp, ..) -> offset
  Access access;
};

/// Between stores and loads; `block`: of all warps, else of each by itself.
struct Barrier {
  bool block = false;
};

using Step = std::variant<MoveRegisters, CopyRegisters, ShuffleRound, MemoryStep, Barrier>;

enum class Way { nothing, registers, shuffles, memory };

/// Of one warp.
struct Cost {
  unsigned instructions = 0, wavefronts = 0; // a shuffle has one wavefront
  unsigned latency = 0;                      // of what waits for each other, in cycles

  /// Roughly, cycles: a warp alone waits, many of them share issue slots and wavefronts.
  unsigned total() const { return instructions + wavefronts + latency; }
};

struct Plan {
  Way way = Way::nothing;
  std::vector<Step> steps;
  Cost cost;
  /// Elements as they lie in memory; wider than they are if they are alone in a byte.
  unsigned storageBits = 0;
  /// offset -> coordinates; without dimensions if memory is not used.
  LinearLayout memory;

  uint64_t bytesOfMemory() const {
    return way == Way::memory ? ((storageBits << memory.inBits()) + 7ull) / 8 : 0;
  }
  std::string str() const;
};

struct ConversionOptions {
  unsigned elementBits = 32;
  MatrixInstructions has;
};

/// All ways there are, cheapest first.
struct Conversion {
  std::vector<Plan> plans;
  std::string refusal; // why there is none

  explicit operator bool() const { return !plans.empty(); }
  const Plan &cheapest() const { return plans.front(); }
};

/// The transfer: inputs and outputs (register, lane, warp, ..), those of the target and
/// those of the source.
LinearLayout transferBetween(const LinearLayout &source, const LinearLayout &target);

/// Both layouts have the same outputs and reach every element.
Conversion convert(const LinearLayout &source, const LinearLayout &target,
                   const ConversionOptions &options);

/// The rounds for a transfer within warps; none if lanes of a warp would need more rounds
/// than they have registers to fill. `fill` lists the target registers to fill, as a basis,
/// and `copies` source places of a warp that hold the same as place 0, as a basis.
std::optional<std::vector<ShuffleRound>> shuffleRounds(const LinearLayout &transfer, Vectors fill,
                                                       Vectors copies, unsigned elementBits);

} // namespace einfall::layout

#endif
