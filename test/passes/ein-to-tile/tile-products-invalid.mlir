// RUN: einfall-opt %s --split-input-file --ein-to-tile="dots=bf16 tiles=bf16" --verify-diagnostics

// Panels of 64 rows are those of a machine with vectors.
func.func @tile(%x: !ein.tensor<[m, 64], bf16>, %w: !ein.tensor<[512, 64], bf16>) -> !ein.tensor<[m, 512], f32> {
  %0 = ein.kernel "tile"(%x, %w) {tile.schedule = #tile.schedule<ranks = {k = array<i64: 32, 32>, m = array<i64: 256, 2, 1>, n = array<i64: 512, 4, 1>},
      order = ["n", "m"], lanes = "k", group = 2, narrow_rank = "m", narrow_widens = "n", narrow_tile = 4,
      packed = #tile.schedule<ranks = {k = array<i64: 1, 2>, m = array<i64: 1, 64>, n = array<i64: 1, 32>}, order = ["n", "m"], lanes = "m",
        group = 2, narrow_rank = "n", narrow_widens = "m">, packed_from = 8>}
      : (!ein.tensor<[m, 64], bf16>, !ein.tensor<[512, 64], bf16>) -> !ein.tensor<[m, 512], f32> {
  ^bb0(%a: !ein.tensor<[m, 64], bf16>, %b: !ein.tensor<[512, 64], bf16>):
    // expected-error@below {{chunks of whole groups, and tiles that the target multiplies}}
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

// -----

// A chunk that ends inside of a group would read what is not its own.
func.func @group(%x: !ein.tensor<[m, 256], bf16>, %w: !ein.tensor<[512, 256], bf16>) -> !ein.tensor<[m, 512], f32> {
  %0 = ein.kernel "group"(%x, %w) {tile.schedule = #tile.schedule<ranks = {k = array<i64: 32, 32>, m = array<i64: 256, 2, 1>, n = array<i64: 512, 4, 1>},
      order = ["n", "m"], lanes = "k", group = 2, narrow_rank = "m", narrow_widens = "n", narrow_tile = 4,
      packed = #tile.schedule<ranks = {k = array<i64: 63, 2>, m = array<i64: 1, 32>, n = array<i64: 1, 32>}, order = ["n", "m"], lanes = "m",
        group = 2, narrow_rank = "n", narrow_widens = "m">, packed_from = 8>}
      : (!ein.tensor<[m, 256], bf16>, !ein.tensor<[512, 256], bf16>) -> !ein.tensor<[m, 512], f32> {
  ^bb0(%a: !ein.tensor<[m, 256], bf16>, %b: !ein.tensor<[512, 256], bf16>):
    // expected-error@below {{chunks of whole groups, and tiles that the target multiplies}}
    %y = ein.einsum (%a[m, k], %b[n, k]) -> [m, n] reduce [k: add]
        : (!ein.tensor<[m, 256], bf16>, !ein.tensor<[512, 256], bf16>) -> !ein.tensor<[m, 512], f32> {
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
