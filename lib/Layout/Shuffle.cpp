//===- Shuffle.cpp - Rounds of shuffles -----------------------------------===//
#include "lib/Layout/Convert.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

namespace einfall::layout {

namespace {
/// A source place, as seen by shuffles.
struct Source {
  uint64_t reg = 0, lane = 0;
  Source operator^(Source other) const { return {reg ^ other.reg, lane ^ other.lane}; }
};

class RoundFinder {
public:
  RoundFinder(const LinearLayout &transfer, Vectors fill, Vectors copies)
      : transfer(transfer), fill(fill) {
    for (uint64_t copy : copies)
      alternatives.push_back(split(copy));
  }

  bool findSkew();
  std::vector<ShuffleRound> rounds(unsigned elementsInWord) const;

private:
  /// What lane `lane`, a vector of lanes, does so as not to ask where lane 0 asks.
  struct Evasion {
    uint64_t skew = 0; // it asks for this register's value
    Source copy;       // of another copy
  };

  Source split(uint64_t place) const {
    // Registers and lanes are the first dimensions of a place.
    unsigned registers = transfer.outBits(dimRegister);
    return {place & lowMask(registers), place >> registers & lowMask(transfer.outBits(dimLane))};
  }
  Source at(llvm::StringRef dim, uint64_t value) const {
    return split(transfer(transfer.flattenIn({{dim, value}})));
  }
  /// What a lane, by bit, asks for in round 0.
  Source asked(unsigned bit) const {
    return at(dimLane, 1ull << bit) ^ at(dimRegister, evasions[bit].skew) ^ evasions[bit].copy;
  }
  std::optional<Evasion> evasionOf(uint64_t lane, Span &reached) const;
  LinearLayout askers(bool registers) const;

  const LinearLayout &transfer;
  Vectors fill;
  llvm::SmallVector<Source> alternatives;
  llvm::SmallVector<Evasion> evasions; // by bit of the lane
};
} // namespace

std::optional<RoundFinder::Evasion> RoundFinder::evasionOf(uint64_t lane, Span &reached) const {
  Source own = at(dimLane, lane);
  if (!own.reg)
    return Evasion(); // it asks for the same: a broadcast
  // Another copy of the element needs no selects, so it comes first.
  for (Source copy : alternatives)
    if (!reached.contains(copy.lane)) {
      reached.insert(copy.lane);
      return Evasion{0, copy};
    }
  for (uint64_t r : fill)
    if (uint64_t asked = at(dimRegister, r).lane; !reached.contains(asked)) {
      reached.insert(asked);
      return Evasion{r, {}};
    }
  // A register that wants what lane 0 asks for.
  VectorList wants;
  uint64_t above = 1ull << transfer.outBits(dimRegister);
  for (uint64_t r : fill)
    wants.push_back(at(dimRegister, r).reg + above * at(dimRegister, r).lane);
  if (auto found = Span(Vectors(wants)).solve(own.reg))
    return Evasion{multiply(fill, *found), {}};
  return std::nullopt;
}

bool RoundFinder::findSkew() {
  VectorList lanes, places, units = unitVectors(transfer.inBits(dimLane));
  for (uint64_t unit : units) {
    Source source = at(dimLane, unit);
    lanes.push_back(source.lane);
    places.push_back(source.reg + (source.lane << transfer.outBits(dimRegister)));
  }
  // Broadcasts first: they take nothing from the others.
  VectorList alike = kernelOf(places);
  llvm::append_range(alike, extensionOf(alike, kernelOf(lanes)));
  Span reached{Vectors(lanes)}, basis;
  llvm::SmallVector<Evasion> found;
  for (uint64_t lane : alike) {
    auto evasion = evasionOf(lane, reached);
    if (!evasion)
      return false;
    basis.insert(lane);
    found.push_back(*evasion);
  }
  for (uint64_t lane : extensionOf(alike, units))
    basis.insert(lane); // these ask different lanes as it is
  found.resize(units.size());
  for (uint64_t unit : units) {
    Evasion &evasion = evasions.emplace_back();
    uint64_t sum = *basis.solve(unit);
    for (auto [i, part] : llvm::enumerate(found))
      if (sum >> i & 1)
        evasion = {evasion.skew ^ part.skew, evasion.copy ^ part.copy};
  }
  return true;
}

/// (lane, warp) -> what is asked for, in round 0: the register or the lane.
LinearLayout RoundFinder::askers(bool registers) const {
  DimList ins{{dimLane.str(), transfer.inBits(dimLane)}, {dimWarp.str(), transfer.inBits(dimWarp)}};
  llvm::StringRef out = registers ? dimRegister : dimLane;
  VectorList columns;
  auto add = [&](Source source) { columns.push_back(registers ? source.reg : source.lane); };
  for (unsigned bit = 0; bit < ins[0].bits; ++bit)
    add(asked(bit));
  for (uint64_t unit : unitVectors(ins[1].bits))
    add(at(dimWarp, unit));
  return {ins, Dim{out.str(), transfer.outBits(out)}, columns};
}

std::vector<ShuffleRound> RoundFinder::rounds(unsigned elementsInWord) const {
  ShuffleRound round;
  round.from = askers(false);
  LinearLayout wanted = askers(true);
  // Who asks a lane, and so what it has to offer. Where several lanes ask one, they
  // want the same; where none does, the answer does not matter.
  unsigned lanes = transfer.inBits(dimLane);
  LinearLayout asks(Dim{"asker", lanes}, round.from.outs(), round.from.columns(dimLane));
  LinearLayout asker = asks.pseudoInverse();
  auto offered = [&](Source source) {
    return source.reg ^ multiply(wanted.columns(dimLane), asker(source.lane));
  };
  VectorList send;
  for (uint64_t unit : unitVectors(lanes))
    send.push_back(offered({0, unit}));
  for (uint64_t unit : unitVectors(transfer.inBits(dimWarp)))
    send.push_back(offered(at(dimWarp, unit)));
  round.send = LinearLayout(wanted.ins(), wanted.outs(), send);
  VectorList receive;
  for (const Evasion &evasion : evasions)
    receive.push_back(evasion.skew);
  receive.append(transfer.inBits(dimWarp), 0);
  round.receive =
      LinearLayout(wanted.ins(), Dim{dimRegister.str(), transfer.inBits(dimRegister)}, receive);

  // Registers that come from one lane travel in one word.
  VectorList lanesAsked;
  for (uint64_t r : fill)
    lanesAsked.push_back(at(dimRegister, r).lane);
  for (uint64_t combination : kernelOf(lanesAsked)) {
    if (round.receivedWith.size() == elementsInWord)
      break;
    uint64_t r = multiply(fill, combination);
    round.receivedWith.push_back(r);
    round.sentWith.push_back(at(dimRegister, r).reg);
  }
  VectorList bases = extensionOf(round.receivedWith, fill);
  std::vector<ShuffleRound> result;
  for (uint64_t k = 0; k < 1ull << bases.size(); ++k) {
    ShuffleRound next = round;
    next.receiveBase = multiply(bases, k);
    Source source = at(dimRegister, next.receiveBase);
    next.fromBase = source.lane;
    next.sendBase = offered(source);
    bool identity = llvm::equal(round.from.columns(dimLane), unitVectors(lanes)) &&
                    llvm::all_of(round.from.columns(dimWarp), [](uint64_t c) { return !c; });
    next.crossesLanes = !identity || source.lane;
    result.push_back(std::move(next));
  }
  return result;
}

std::optional<std::vector<ShuffleRound>> shuffleRounds(const LinearLayout &transfer, Vectors fill,
                                                       Vectors copies, unsigned elementBits) {
  RoundFinder finder(transfer, fill, copies);
  if (!finder.findSkew())
    return std::nullopt;
  return finder.rounds(elementBits < 32 ? llvm::Log2_32(32 / elementBits) : 0);
}

} // namespace einfall::layout
