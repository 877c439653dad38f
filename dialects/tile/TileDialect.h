//===- TileDialect.h - Block-level programs on tiles ------------*- C++ -*-===//
#ifndef EINFALL_DIALECTS_TILE_TILEDIALECT_H
#define EINFALL_DIALECTS_TILE_TILEDIALECT_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/TensorEncoding.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/tile/TileDialect.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/tile/TileAttrs.h.inc"

#define GET_TYPEDEF_CLASSES
#include "dialects/tile/TileTypes.h.inc"

#define GET_OP_CLASSES
#include "dialects/tile/TileOps.h.inc"

namespace einfall::tile {

/// Names of attributes of a tile program.
inline constexpr llvm::StringLiteral kProgram = "tile.program"; // unit
inline constexpr llvm::StringLiteral kGrid = "tile.grid";       // map: symbols -> blocks
inline constexpr llvm::StringLiteral kWork = "tile.work";       // map: symbols -> work a block
inline constexpr llvm::StringLiteral kSymbols = "tile.symbols"; // names of the symbols

/// Of a loop: its iterations are independent and may run at once.
inline constexpr llvm::StringLiteral kParallel = "tile.parallel"; // unit
/// Of a load: it reads a whole row of a panel of a weight that is stored so.
inline constexpr llvm::StringLiteral kPanel = "tile.panel"; // unit
/// Of a loop: an iteration is several steps already; more at once would be of no use.
inline constexpr llvm::StringLiteral kWrittenOut = "tile.written_out"; // unit
/// Of a program: the warps of a block. `tile-distribute-warps` sets it where it was not.
inline constexpr llvm::StringLiteral kWarps = "tile.warps"; // integer
/// Of a program: so many warps of a block hold each tile together. Without it, one.
inline constexpr llvm::StringLiteral kTeam = "tile.team"; // integer
/// Of a team's program: bytes of operands that a thread keeps while it needs them.
inline constexpr llvm::StringLiteral kHeld = "tile.held"; // integer

/// Of a program for CPUs: it goes over blocks itself. In place of a block's number it takes two, of
/// the first block and behind the last one.
inline constexpr llvm::StringLiteral kWalksBlocks = "tile.walks_blocks"; // unit

/// Of memory that is a ring: which of the program's it is, and how many slots it has.
inline constexpr llvm::StringLiteral kRing = "tile.ring";   // integer
inline constexpr llvm::StringLiteral kSlots = "tile.slots"; // integer

/// Of a module: programs count what they walk. Of a program: its name among counters.
inline constexpr llvm::StringLiteral kCountVisits = "tile.count_visits"; // unit
inline constexpr llvm::StringLiteral kCounters = "tile.counters";        // string

inline constexpr llvm::StringLiteral kSchedule = "tile.schedule"; // also on an ein.kernel
// Of a module: schedules by kernels' keys, for kernels that carry none.
inline constexpr llvm::StringLiteral kSchedules = "tile.schedules";
// Of an ein.kernel with a program: its key there.
inline constexpr llvm::StringLiteral kKey = "tile.key";

/// What tile.count counts, in the order of einfall/counters.h.
inline constexpr llvm::StringLiteral kCounterNames[] = {"chunks", "visited", "unmasked", "masked"};

/// What tile.reduce combines by.
inline constexpr llvm::StringLiteral kReductionNames[] = {"add", "mul", "max", "min", "or", "and"};

/// True if the last dimension of `type` runs along vector lanes.
bool hasLanes(mlir::Type type);
/// How `type` lies in fragments; null if it does not.
FragmentAttr fragmentOf(mlir::Type type);
/// How `type` lies as a factor of a matrix product; null if it does not.
FactorAttr factorOf(mlir::Type type);
/// The tile type of `shape`; a scalar type if `shape` is empty.
mlir::Type tileType(llvm::ArrayRef<int64_t> shape, mlir::Type element, bool lanes);

} // namespace einfall::tile

#endif
