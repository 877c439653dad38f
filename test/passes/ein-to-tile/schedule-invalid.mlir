// RUN: einfall-opt %s --ein-to-tile --split-input-file --verify-diagnostics

func.func @rank(%x: !ein.tensor<[m, 512], f32>) -> !ein.tensor<[m], f32> {
  %0 = ein.kernel "k"(%x) {tile.schedule = #tile.schedule<ranks = {q = array<i64: 1, 1>}>} : (!ein.tensor<[m, 512], f32>) -> !ein.tensor<[m], f32> {
  ^bb0(%a: !ein.tensor<[m, 512], f32>):
    // expected-error@below {{it has no rank 'q'}}
    %y = ein.einsum (%a[i, k]) -> [i] reduce [k: add] : (!ein.tensor<[m, 512], f32>) -> !ein.tensor<[m], f32>
    ein.yield %y : !ein.tensor<[m], f32>
  }
  return %0 : !ein.tensor<[m], f32>
}

// -----

func.func @tiles(%x: !ein.tensor<[m, 512], f32>) -> !ein.tensor<[m], f32> {
  %0 = ein.kernel "k"(%x) {tile.schedule = #tile.schedule<ranks = {i = array<i64: 8, 1, 4>}>} : (!ein.tensor<[m, 512], f32>) -> !ein.tensor<[m], f32> {
  ^bb0(%a: !ein.tensor<[m, 512], f32>):
    // expected-error@below {{rank 'i' expects array<i64: block, tile, ..> with tiles in descending order}}
    %y = ein.einsum (%a[i, k]) -> [i] reduce [k: add] : (!ein.tensor<[m, 512], f32>) -> !ein.tensor<[m], f32>
    ein.yield %y : !ein.tensor<[m], f32>
  }
  return %0 : !ein.tensor<[m], f32>
}

// -----

func.func @order(%x: !ein.tensor<[m, 512], f32>) -> !ein.tensor<[m], f32> {
  %0 = ein.kernel "k"(%x) {tile.schedule = #tile.schedule<ranks = {}, order = ["k"]>} : (!ein.tensor<[m, 512], f32>) -> !ein.tensor<[m], f32> {
  ^bb0(%a: !ein.tensor<[m, 512], f32>):
    // expected-error@below {{the order expects each free rank once, but got "k"}}
    %y = ein.einsum (%a[i, k]) -> [i] reduce [k: add] : (!ein.tensor<[m, 512], f32>) -> !ein.tensor<[m], f32>
    ein.yield %y : !ein.tensor<[m], f32>
  }
  return %0 : !ein.tensor<[m], f32>
}

// -----

func.func @lanes(%x: !ein.tensor<[m, 512], f32>) -> !ein.tensor<[m], f32> {
  %0 = ein.kernel "k"(%x) {tile.schedule = #tile.schedule<ranks = {}, lanes = "z">} : (!ein.tensor<[m, 512], f32>) -> !ein.tensor<[m], f32> {
  ^bb0(%a: !ein.tensor<[m, 512], f32>):
    // expected-error@below {{rank 'z' cannot run along lanes}}
    %y = ein.einsum (%a[i, k]) -> [i] reduce [k: add] : (!ein.tensor<[m, 512], f32>) -> !ein.tensor<[m], f32>
    ein.yield %y : !ein.tensor<[m], f32>
  }
  return %0 : !ein.tensor<[m], f32>
}

// -----

func.func @lane_tiles(%x: !ein.tensor<[m, 512], f32>) -> !ein.tensor<[m], f32> {
  %0 = ein.kernel "k"(%x) {tile.schedule = #tile.schedule<ranks = {k = array<i64: 1, 8, 4>}, lanes = "k">} : (!ein.tensor<[m, 512], f32>) -> !ein.tensor<[m], f32> {
  ^bb0(%a: !ein.tensor<[m, 512], f32>):
    // expected-error@below {{rank 'k' runs along lanes, in one tile}}
    %y = ein.einsum (%a[i, k]) -> [i] reduce [k: add] : (!ein.tensor<[m, 512], f32>) -> !ein.tensor<[m], f32>
    ein.yield %y : !ein.tensor<[m], f32>
  }
  return %0 : !ein.tensor<[m], f32>
}

// -----

func.func @group(%x: !ein.tensor<[m, 512], f32>) -> !ein.tensor<[m], f32> {
  %0 = ein.kernel "k"(%x) {tile.schedule = #tile.schedule<ranks = {k = array<i64: 16, 16>}, lanes = "k", group = 2>} : (!ein.tensor<[m, 512], f32>) -> !ein.tensor<[m], f32> {
  ^bb0(%a: !ein.tensor<[m, 512], f32>):
    // expected-error@below {{the target has no dot of 2 neighbours for it along these lanes}}
    %y = ein.einsum (%a[i, k]) -> [i] reduce [k: add] : (!ein.tensor<[m, 512], f32>) -> !ein.tensor<[m], f32>
    ein.yield %y : !ein.tensor<[m], f32>
  }
  return %0 : !ein.tensor<[m], f32>
}

// -----

func.func @narrow(%x: !ein.tensor<[m, 512], f32>) -> !ein.tensor<[m], f32> {
  %0 = ein.kernel "k"(%x) {tile.schedule = #tile.schedule<ranks = {}, narrow_rank = "k", narrow_widens = "i">} : (!ein.tensor<[m, 512], f32>) -> !ein.tensor<[m], f32> {
  ^bb0(%a: !ein.tensor<[m, 512], f32>):
    // expected-error@below {{narrow_rank and narrow_widens expect two free ranks}}
    %y = ein.einsum (%a[i, k]) -> [i] reduce [k: add] : (!ein.tensor<[m, 512], f32>) -> !ein.tensor<[m], f32>
    ein.yield %y : !ein.tensor<[m], f32>
  }
  return %0 : !ein.tensor<[m], f32>
}

// -----

func.func @few(%x: !ein.tensor<[m, 64], f32>, %w: !ein.tensor<[512, 64], f32>) -> !ein.tensor<[m, 512], f32> {
  %0 = ein.kernel "k"(%x, %w) {tile.schedule = #tile.schedule<ranks = {m = array<i64: 64, 1>, n = array<i64: 64, 1>}, lanes = "k",
      packed = #tile.schedule<ranks = {k = array<i64: 1, 1>, m = array<i64: 1, 6, 1>, n = array<i64: 1, 32>}, lanes = "n", narrow_rank = "m", narrow_widens = "n">, packed_from = 8,
      few = #tile.schedule<ranks = {k = array<i64: 1, 1>, m = array<i64: 1, 6, 1>, n = array<i64: 1, 32>}, lanes = "n", narrow_rank = "m", narrow_widens = "n">, few_to = 40>}
      : (!ein.tensor<[m, 64], f32>, !ein.tensor<[512, 64], f32>) -> !ein.tensor<[m, 512], f32> {
  ^bb0(%a: !ein.tensor<[m, 64], f32>, %b: !ein.tensor<[512, 64], f32>):
    // expected-error@below {{few expects lanes along the rows of packed}}
    %y = ein.einsum (%a[m, k], %b[n, k]) -> [m, n] reduce [k: add]
        : (!ein.tensor<[m, 64], f32>, !ein.tensor<[512, 64], f32>) -> !ein.tensor<[m, 512], f32>
    ein.yield %y : !ein.tensor<[m, 512], f32>
  }
  return %0 : !ein.tensor<[m, 512], f32>
}
