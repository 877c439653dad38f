//===- Unroller.h - Turns tile values into registers ------------*- C++ -*-===//
//
// The pieces of `unrollProgram`: Unroll.cpp walks the program, UnrollMemory.cpp
// moves tiles, UnrollLanes.cpp works across lanes.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_CODEGEN_CPU_UNROLLER_H
#define EINFALL_CODEGEN_CPU_UNROLLER_H

#include "dialects/tile/TileDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace einfall::cpu {

/// The registers of a tile value.
using Units = llvm::SmallVector<mlir::Value>;

/// How a tile type lies in registers: one vector for each run of lanes, or all
/// elements in one vector if it has no lanes.
struct Shape {
  llvm::SmallVector<int64_t> lead; // dimensions but the lanes
  int64_t lanes = 0;               // 0: none
  int64_t packed = 0;              // elements of a tile without lanes; 0: a scalar
  mlir::Type unit;                 // type of one register
  int64_t count = 1;               // registers

  explicit Shape(mlir::Type type);
  /// Elements of the dimensions but the lanes.
  int64_t elements() const;
  /// Where element `number` stands along them.
  llvm::SmallVector<int64_t> place(int64_t number) const;
};

class Unroller {
public:
  explicit Unroller(mlir::OpBuilder &builder) : builder(builder) {}
  mlir::LogicalResult block(mlir::Block &block);
  llvm::DenseMap<mlir::Value, Units> map;
  llvm::StringRef counters; // the program's name among counters

private:
  mlir::LogicalResult op(mlir::Operation &op);
  void load(tile::LoadOp op);
  void gather(tile::GatherOp op);
  void store(tile::StoreOp op);
  void scatter(tile::ScatterOp op);
  void broadcast(tile::BroadcastOp op);
  void reduce(tile::ReduceOp op);
  mlir::LogicalResult dot(tile::DotOp op);
  void iota(tile::IotaOp op);
  void count(tile::CountOp op);
  mlir::LogicalResult loop(mlir::scf::ForOp op);
  mlir::LogicalResult loop(mlir::scf::WhileOp op);
  mlir::LogicalResult branch(mlir::scf::IfOp op);
  /// The units `to` stand for the values `from`.
  void assign(mlir::ValueRange from, mlir::ValueRange to);
  /// Writes the operations of `from` to the end of `to`, its terminator included.
  mlir::LogicalResult fill(mlir::Block &from, mlir::Block *to);
  void local(tile::LocalOp op);
  void constant(mlir::arith::ConstantOp op);
  void generic(mlir::Operation &op);

  mlir::Value one(mlir::Value value) { return map.lookup(value).front(); }
  mlir::Value i64(mlir::Value index);
  mlir::Value address(mlir::Value buffer, mlir::Type element, mlir::Value offset);
  /// offset + sum of place * strides.
  mlir::Value offsetAt(mlir::Value base, llvm::ArrayRef<int64_t> place, mlir::ValueRange strides);
  /// 0, 1, .. count - 1 as a vector of i64 or index.
  mlir::Value counting(int64_t count, mlir::Type element);
  mlir::Value lanesBelow(mlir::Value limit, int64_t lanes);
  /// Which elements of each register are moved: below `limit` and where `where`
  /// holds. Empty: all of them.
  Units masksOf(mlir::Value limit, mlir::Value where, const Shape &shape);
  mlir::Value all(int64_t count);
  /// Runs `write` if `condition` holds.
  void guarded(mlir::Value condition, llvm::function_ref<void()> write);
  /// `read` if `condition` holds, else 0.
  mlir::Value guarded(mlir::Value condition, mlir::Type type,
                      llvm::function_ref<mlir::Value()> read);
  /// Addresses of elements of `buffer` at a vector of offsets.
  mlir::Value addresses(mlir::Value buffer, mlir::Type element, mlir::Value offsets);
  /// Offsets of all elements of a tile without lanes, as one vector.
  mlir::Value packedOffsets(mlir::Value base, const Shape &shape, mlir::ValueRange strides);
  mlir::Value zero(mlir::Type type);
  mlir::Value bitcast(mlir::Value value, mlir::Type type);
  /// `a` and `b` end to end where they are picked by `picks`.
  mlir::Value shuffle(mlir::Value a, mlir::Value b, llvm::ArrayRef<int64_t> picks);
  /// Element i of result j is element j of vector i; as many vectors as each is wide.
  Units transpose(Units rows);
  /// Stores a tile whose lanes lie apart, but another dimension side by side, along
  /// that one. False if there is none.
  bool storeAcross(tile::StoreOp op);
  /// The vectors end to end.
  mlir::Value concatenate(llvm::ArrayRef<mlir::Value> vectors);
  /// One vector that holds the reduction of each unit's lanes, in order.
  mlir::Value reduceLanes(llvm::ArrayRef<mlir::Value> units,
                          llvm::function_ref<mlir::Value(mlir::Value, mlir::Value)> combine);

  mlir::OpBuilder &builder;
  mlir::Location loc = builder.getUnknownLoc();
};

} // namespace einfall::cpu

#endif
