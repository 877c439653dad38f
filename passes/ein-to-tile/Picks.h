//===- Picks.h - Lanes that are neighbours in another order -----*- C++ -*-===//
//
// Where an index divides a rank by a number, or multiplies it by a small one, what a vector's lanes
// read is a run of neighbours in an order that is the same everywhere: `x[k floordiv 2]`,
// `x[2 * k + 1]`. It is a load of that run and a shuffle.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_PASSES_EINTOTILE_PICKS_H
#define EINFALL_PASSES_EINTOTILE_PICKS_H

#include "passes/ein-to-tile/Access.h"

namespace einfall {

/// What `lanes` neighbours along a rank read, the first of them at a multiple of `period`: lane i
/// reads element `picks[i]` of those from `first` on from where lane 0 would.
struct LanePicks {
  int64_t period = 1, first = 0;
  llvm::SmallVector<int64_t> picks;
};

/// The picks of `access` along `rank`, if they are the same everywhere and not far apart:
/// `x[k floordiv 2]`, `x[2 * k]`.
std::optional<LanePicks> picksAlong(const Access &access, unsigned rank, int64_t lanes);
/// The least and the most that index `number` is for one of `lanes` neighbours along `rank` more
/// than for the first of them, which is at a multiple of `period`; nothing where that differs.
std::optional<std::pair<int64_t, int64_t>>
spreadAlong(const Access &access, unsigned number, unsigned rank, int64_t lanes, int64_t period);

} // namespace einfall

#endif
