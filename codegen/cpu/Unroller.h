//===- Unroller.h - Turns tile values into registers ------------*- C++ -*-===//
//
// The pieces of `unrollProgram`: Unroll.cpp walks the program, UnrollMemory.cpp
// moves tiles, UnrollLanes.cpp works across lanes.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_CODEGEN_CPU_UNROLLER_H
#define EINFALL_CODEGEN_CPU_UNROLLER_H

#include "codegen/common/Unroller.h"

namespace einfall::cpu {

using codegen::Units;

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

class Unroller : public codegen::Unroller {
public:
  using codegen::Unroller::Unroller;
  llvm::StringRef counters; // the program's name among counters
  mlir::Value firstBlock;   // the number of the call's first block
  mlir::Value thisBlock;    // that of the one that is written
  /// Gives the registers of matrix tiles back, if the program uses them.
  void releaseTiles();

private:
  std::pair<int64_t, mlir::Type> unitsOf(mlir::Type type) const override {
    Shape shape(type);
    return {shape.count, shape.unit};
  }
  mlir::LogicalResult check(mlir::Operation &op) const override;
  mlir::LogicalResult special(mlir::Operation &op) override;
  void load(tile::LoadOp op) override;
  mlir::Value pick(mlir::Value pointer, mlir::Type element, llvm::ArrayRef<int64_t> picks);
  void gather(tile::GatherOp op) override;
  void store(tile::StoreOp op) override;
  void scatter(tile::ScatterOp op) override;
  void broadcast(tile::BroadcastOp op) override;
  void reduce(tile::ReduceOp op) override;
  mlir::LogicalResult dot(tile::DotOp op);
  void multiply(tile::MultiplyOp op);
  llvm::SmallVector<mlir::Value> nextOf(tile::MultiplyOp op, llvm::ArrayRef<mlir::Value> operands);
  mlir::Value tileState();
  void join(tile::JoinOp op);
  void areNumbers(tile::AreNumbersOp op);
  void extendPairs(tile::ExtendPairsOp op);
  void roundPairs(tile::RoundPairsOp op);
  void previous(tile::PreviousOp op);
  void iota(tile::IotaOp op) override;
  void count(tile::CountOp op);
  void local(tile::LocalOp op) override;
  mlir::Value address(mlir::Value buffer, mlir::Type element, mlir::Value offset);
  /// 0, 1, .. count - 1 as a vector of i64 or index.
  mlir::Value counting(int64_t count, mlir::Type element);
  mlir::Value lanesBelow(mlir::Value limit, int64_t lanes);
  /// Which elements of each register are moved: below `limit` and where `where`
  /// holds. Empty: all of them.
  Units masksOf(mlir::Value limit, mlir::Value where, const Shape &shape);
  mlir::Value all(int64_t count);
  /// Addresses of elements of `buffer` at a vector of offsets.
  mlir::Value addresses(mlir::Value buffer, mlir::Type element, mlir::Value offsets);
  /// Offsets of all elements of a tile without lanes, as one vector.
  mlir::Value packedOffsets(mlir::Value base, const Shape &shape, mlir::ValueRange strides);
  void storePastCaches(mlir::Value vector, mlir::Value pointer);
  void prefetch(mlir::Value pointer, mlir::Type unit, int64_t ahead);
  void prefetch(tile::PrefetchOp op);
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

  mlir::Value tileSizes; // of the registers of matrix tiles; null: these are not used
};

} // namespace einfall::cpu

#endif
