// RUN: einfall-opt %s --ein-to-tile=dots=bf16 --verify-diagnostics

// Two vectors of rows are a tile: fewer would be no whole vector of sums.
func.func @half(%x: !ein.tensor<[m, 64], bf16>, %w: !ein.tensor<[512, 64], bf16>) -> !ein.tensor<[m, 512], f32> {
  %0 = ein.kernel "k"(%x, %w) {tile.schedule = #tile.schedule<ranks = {k = array<i64: 32, 32>, m = array<i64: 512, 2, 1>, n = array<i64: 128, 4, 1>},
      order = ["m", "n"], lanes = "k", group = 2, narrow_rank = "m", narrow_widens = "n", narrow_tile = 4,
      packed = #tile.schedule<ranks = {k = array<i64: 1, 2>, m = array<i64: 1, 6, 4, 2, 1>, n = array<i64: 64, 64>}, order = ["n", "m"], lanes = "n",
        group = 2, narrow_rank = "m", narrow_widens = "n">, packed_from = 8,
      few = #tile.schedule<ranks = {k = array<i64: 1, 2>, m = array<i64: 1, 16>, n = array<i64: 1, 4>}, order = ["n", "m"], lanes = "m",
        group = 2, narrow_rank = "n", narrow_widens = "m">, few_to = 40>}
      : (!ein.tensor<[m, 64], bf16>, !ein.tensor<[512, 64], bf16>) -> !ein.tensor<[m, 512], f32> {
  ^bb0(%a: !ein.tensor<[m, 64], bf16>, %b: !ein.tensor<[512, 64], bf16>):
    // expected-error@below {{few expects tiles of a multiple of 32 rows}}
    %y = ein.einsum (%a[m, k], %b[n, k]) -> [m, n] reduce [k: add]
        : (!ein.tensor<[m, 64], bf16>, !ein.tensor<[512, 64], bf16>) -> !ein.tensor<[m, 512], f32> {
    ^bb0(%c: bf16, %d: bf16):
      %e = arith.extf %c : bf16 to f32
      %f = arith.extf %d : bf16 to f32
      %g = arith.mulf %e, %f : f32
      ein.yield %g : f32
    }
    ein.yield %y : !ein.tensor<[m, 512], f32>
  }
  return %0 : !ein.tensor<[m, 512], f32>
}
