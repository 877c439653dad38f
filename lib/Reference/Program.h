//===- Program.h - A body as a flat register program ------------*- C++ -*-===//
//
// Bodies run at every point of an iteration space, so a region is compiled
// once into instructions over numbered registers: inputs first, then
// constants, then one register a result. Casts that cannot change a value (in
// f64 mode every cast between floats) are no instructions: the result shares
// the operand's register.
//
// Where the body yields a product, `product` holds its factors and the
// multiplication is left to the caller, which may accumulate with one
// rounding (strict order: product and sum are one fma).
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_LIB_REFERENCE_PROGRAM_H
#define EINFALL_LIB_REFERENCE_PROGRAM_H

#include "lib/Reference/Context.h"

namespace einfall::reference {

enum class Code : uint8_t {
  coord,
  select,
  copy,
  // floats
  addf,
  subf,
  mulf,
  divf,
  remf,
  negf,
  maximumf,
  minimumf,
  maxnumf,
  minnumf,
  fma,
  unary,
  binary,
  clampf,
  cmpf,
  fpowi,
  round,
  isfinite,
  isinf,
  isnan,
  isnormal,
  // integers
  addi,
  subi,
  muli,
  divsi,
  divui,
  ceildivsi,
  ceildivui,
  floordivsi,
  remsi,
  remui,
  andi,
  ori,
  xori,
  shli,
  shrsi,
  shrui,
  maxsi,
  maxui,
  minsi,
  minui,
  cmpi,
  absi,
  ipowi,
  ctpop,
  cttz,
  ctlz,
  mulsiHigh,
  muluiHigh,
  adduiCarry,
  // casts
  extsi,
  extui,
  trunci,
  sitofp,
  uitofp,
  fptosi,
  fptoui,
  floatToBits,
  bitsToFloat,
};

struct Instruction {
  Code code;
  Format format = Format::none; // of a float result
  uint8_t width = 64;           // of integers: the result's; of compares and
  uint8_t from = 64;            // conversions from integers: the operand's
  uint8_t predicate = 0;
  uint16_t to = 0, a = 0, b = 0, c = 0;
  union {
    double (*unary)(double);
    double (*binary)(double, double);
  };
  mlir::Operation *op = nullptr;
};

class Program {
public:
  /// Compiles what gives the value number `yielded` of `body`, whose coordinates are ranks of `op`
  /// found by `findRank`.
  static mlir::FailureOr<Program> compile(mlir::Operation *op, mlir::Block &body,
                                          llvm::function_ref<int64_t(llvm::StringRef)> findRank,
                                          const Context &context, unsigned yielded = 0);

  /// Registers; the first hold the body's arguments.
  Scalar *inputs() { return registers.data(); }
  /// Runs the instructions at a point.
  void run(const int64_t *point);
  /// Runs them and gives what the body yields.
  Scalar value(const int64_t *point) {
    run(point);
    if (!product)
      return registers[yielded];
    return ofFloat(roundTo(registers[product->first].f * registers[product->second].f, format));
  }
  bool isEmpty() const { return code.empty(); }
  /// Reports an operation that had no meaning at some point (division by 0).
  mlir::LogicalResult status() const;

  /// The registers whose product the body yields.
  std::optional<std::pair<uint16_t, uint16_t>> product;
  /// The format of what is yielded.
  Format format = Format::none;

private:
  friend class ProgramCompiler;
  void runInteger(const Instruction &in);
  void runCast(const Instruction &in);

  std::vector<Scalar> registers;
  std::vector<Instruction> code;
  uint16_t yielded = 0;
  mlir::Operation *fault = nullptr;
};

} // namespace einfall::reference

#endif
