//===- ShapeTest.cpp - Registers of fragments as instructions have them ---===//
#include "codegen/nvptx/Shape.h"
#include "lib/Layout/Fragments.h"
#include <gtest/gtest.h>

using namespace mlir;
using namespace einfall;

// A warp's part of a fragment is mma's sums, repeated along the columns, then the rows.
TEST(Shape, RegistersAreThoseOfSums) {
  MLIRContext context;
  context.loadDialect<tile::TileDialect>();
  for (unsigned more = 0; more < 5; ++more)
    for (unsigned below = 0; below < 3; ++below) {
      auto sums = layout::mmaAccumulator() *
                  layout::LinearLayout::identity(more, layout::dimRegister, "n") *
                  layout::LinearLayout::identity(below, layout::dimRegister, "m");
      auto grid = tile::FragmentAttr::get(&context, 2, 4, true, true);
      nvptx::Shape shape(RankedTensorType::get({2 * 16 << below, 4 * 8 << more},
                                               Float32Type::get(&context), grid));
      ASSERT_EQ(shape.perPlace(), int64_t(1) << sums.inBits(layout::dimRegister));
      for (int64_t r = 0; r < shape.rowRegisters(); ++r)
        for (int64_t c = 0; c < shape.columnRegisters(); ++c) {
          uint64_t number = c % 2 + r % 2 * 2 + (c / 2 << 2) + (r / 2 << (2 + more));
          for (auto [dim, value] : sums(layout::Point{{layout::dimRegister, number}}))
            EXPECT_EQ(int64_t(value),
                      dim == "m" ? nvptx::Shape::rowFar(r) : nvptx::Shape::columnFar(c))
                << dim.str() << " of register " << number;
        }
    }
}

// Of 16 bits a register holds two elements of a factor, of f32 one.
TEST(Shape, RegistersOfFactors) {
  MLIRContext context;
  context.loadDialect<tile::TileDialect>();
  auto registersOf = [&](bool left, int64_t free, Type element) {
    auto factor = tile::FactorAttr::get(&context, 2, 4, left);
    return nvptx::Shape(RankedTensorType::get({free, 16}, element, factor)).perPlace();
  };
  Type narrow = BFloat16Type::get(&context), wide = Float32Type::get(&context);
  using namespace layout;
  EXPECT_EQ(registersOf(true, 2 * 16, narrow), 1 << mmaA(16).inBits(dimRegister) >> 1);
  EXPECT_EQ(registersOf(false, 4 * 16, narrow), 2 << mmaB(16).inBits(dimRegister) >> 1);
  EXPECT_EQ(registersOf(true, 2 * 8, wide), 1 << fusedA(4).inBits(dimRegister));
  EXPECT_EQ(registersOf(false, 4 * 8, wide), 1 << fusedB(4).inBits(dimRegister));
}
