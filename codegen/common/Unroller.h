//===- Unroller.h - From values of tiles to values of registers -*- C++ -*-===//
//
// A tile value becomes as many values as it has registers on the machine: on a CPU
// vectors, on a GPU scalars of one thread. Control flow carries them, and what works
// on single elements works on each of them; what moves tiles or works across lanes
// is the machine's.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_CODEGEN_COMMON_UNROLLER_H
#define EINFALL_CODEGEN_COMMON_UNROLLER_H

#include "dialects/tile/TileDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace einfall::codegen {

/// The registers of a tile value.
using Units = llvm::SmallVector<mlir::Value>;

class Unroller {
public:
  explicit Unroller(mlir::OpBuilder &builder) : builder(builder) {}
  virtual ~Unroller() = default;
  mlir::LogicalResult block(mlir::Block &block);
  llvm::DenseMap<mlir::Value, Units> map;

protected:
  /// So many registers of one type hold a value of type `type`.
  virtual std::pair<int64_t, mlir::Type> unitsOf(mlir::Type type) const = 0;
  /// Emits an error where the machine has no form for the types of a tile operation.
  virtual mlir::LogicalResult check(mlir::Operation &op) const { return mlir::success(); }
  /// Whether several steps of a loop may be written as one behind this: what they read is on
  /// its way together then.
  virtual bool mayUnroll(mlir::scf::ForOp op) const { return true; }
  /// Writes an operation that works on single elements.
  virtual void generic(mlir::Operation &op);
  virtual void load(tile::LoadOp op) = 0;
  virtual void gather(tile::GatherOp op) = 0;
  virtual void store(tile::StoreOp op) = 0;
  virtual void scatter(tile::ScatterOp op) = 0;
  virtual void broadcast(tile::BroadcastOp op) = 0;
  virtual void reduce(tile::ReduceOp op) = 0;
  virtual void iota(tile::IotaOp op) = 0;
  virtual void local(tile::LocalOp op) = 0;
  /// Writes an operation of the tile dialect that not every machine has.
  virtual mlir::LogicalResult special(mlir::Operation &op) = 0;

  mlir::Value one(mlir::Value value) { return map.lookup(value).front(); }
  mlir::Value i64(mlir::Value index);
  /// offset + sum of place * strides.
  mlir::Value offsetAt(mlir::Value base, llvm::ArrayRef<int64_t> place, mlir::ValueRange strides);
  /// Runs `write` if `condition` holds.
  void guarded(mlir::Value condition, llvm::function_ref<void()> write);
  /// `read` if `condition` holds, else 0.
  mlir::Value guarded(mlir::Value condition, mlir::Type type,
                      llvm::function_ref<mlir::Value()> read);
  mlir::Value zero(mlir::Type type);

  mlir::OpBuilder &builder;
  mlir::Location loc = builder.getUnknownLoc();

private:
  mlir::LogicalResult op(mlir::Operation &op);
  mlir::LogicalResult tileOp(mlir::Operation &op);
  mlir::LogicalResult loop(mlir::scf::ForOp op);
  mlir::LogicalResult loop(mlir::scf::WhileOp op);
  mlir::LogicalResult branch(mlir::scf::IfOp op);
  /// The units `to` stand for the values `from`.
  void assign(mlir::ValueRange from, mlir::ValueRange to);
  /// Writes the operations of `from` to the end of `to`, its terminator included.
  mlir::LogicalResult fill(mlir::Block &from, mlir::Block *to);
  void constant(mlir::arith::ConstantOp op);
  Units allOf(mlir::ValueRange values);
  llvm::SmallVector<mlir::Type> typesOf(mlir::TypeRange types) const;
};

/// `a` and `b` combined as by the monoid called `kind` of tile.reduce.
mlir::Value combine(mlir::OpBuilder &builder, mlir::Location loc, llvm::StringRef kind,
                    mlir::Value a, mlir::Value b);

/// What leaves any value alone that it is combined with.
mlir::Value identityOf(mlir::OpBuilder &builder, mlir::Location loc, llvm::StringRef kind,
                       mlir::Type type);

/// The alignment of an element in memory, in bytes.
unsigned alignmentOf(mlir::Type unit);

} // namespace einfall::codegen

#endif
