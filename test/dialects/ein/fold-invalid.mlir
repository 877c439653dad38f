// RUN: einfall-opt %s --split-input-file --verify-diagnostics

// One function a constraint of ein.fold in docs/spec/ein.md, named after it.

func.func @fold_c1(%x: !ein.tensor<[b, n], f32>, %v: !ein.tensor<[n, d], f32>) {
  // expected-error @+1 {{operand #0: expected 2 indices for '!ein.tensor<[b, n], f32>', but got 1}}
  %y = ein.fold (%x[b], %v[k, d]) over [k] -> [b, d]
      : (!ein.tensor<[b, n], f32>, !ein.tensor<[n, d], f32>) -> !ein.tensor<[b, d], f32> init {
    %z = arith.constant 0.0 : f32
    ein.yield %z, %z : f32, f32
  } step {
  ^bb0(%m: f32, %s: f32, %xe: f32, %ve: f32):
    %p = arith.mulf %xe, %ve : f32
    %t = arith.addf %s, %p : f32
    ein.yield %m, %t : f32, f32
  } merge {
  ^bb0(%ma: f32, %sa: f32, %mb: f32, %sb: f32, %xe: f32, %ve: f32):
    %t = arith.addf %sa, %sb : f32
    ein.yield %ma, %t : f32, f32
  } finish {
  ^bb0(%m: f32, %s: f32, %xe: f32, %ve: f32):
    ein.yield %s : f32
  }
  return
}

// -----

func.func @fold_c1_extent(%x: !ein.tensor<[b, n], f32>, %v: !ein.tensor<[n, d], f32>) {
  // expected-error @+1 {{rank 'd' has extent d, but operand #1 has n there}}
  %y = ein.fold (%x[b, k], %v[d, k]) over [k] -> [b, d]
      : (!ein.tensor<[b, n], f32>, !ein.tensor<[n, d], f32>) -> !ein.tensor<[b, d], f32> init {
    %z = arith.constant 0.0 : f32
    ein.yield %z, %z : f32, f32
  } step {
  ^bb0(%m: f32, %s: f32, %xe: f32, %ve: f32):
    %p = arith.mulf %xe, %ve : f32
    %t = arith.addf %s, %p : f32
    ein.yield %m, %t : f32, f32
  } merge {
  ^bb0(%ma: f32, %sa: f32, %mb: f32, %sb: f32, %xe: f32, %ve: f32):
    %t = arith.addf %sa, %sb : f32
    ein.yield %ma, %t : f32, f32
  } finish {
  ^bb0(%m: f32, %s: f32, %xe: f32, %ve: f32):
    ein.yield %s : f32
  }
  return
}

// -----

func.func @fold_c2(%x: !ein.tensor<[b, n], f32>, %v: !ein.tensor<[n, d], f32>) {
  // expected-error @+1 {{result #0: expected 2 labels for '!ein.tensor<[b, d], f32>', but got 1}}
  %y = ein.fold (%x[b, k], %v[k, d]) over [k] -> [b]
      : (!ein.tensor<[b, n], f32>, !ein.tensor<[n, d], f32>) -> !ein.tensor<[b, d], f32> init {
    %z = arith.constant 0.0 : f32
    ein.yield %z, %z : f32, f32
  } step {
  ^bb0(%m: f32, %s: f32, %xe: f32, %ve: f32):
    %p = arith.mulf %xe, %ve : f32
    %t = arith.addf %s, %p : f32
    ein.yield %m, %t : f32, f32
  } merge {
  ^bb0(%ma: f32, %sa: f32, %mb: f32, %sb: f32, %xe: f32, %ve: f32):
    %t = arith.addf %sa, %sb : f32
    ein.yield %ma, %t : f32, f32
  } finish {
  ^bb0(%m: f32, %s: f32, %xe: f32, %ve: f32):
    ein.yield %s : f32
  }
  return
}

// -----

func.func @fold_c2_distinct(%x: !ein.tensor<[b, n], f32>, %v: !ein.tensor<[n, d], f32>) {
  // expected-error @+1 {{result #0: expected distinct labels, but 'b' stands twice}}
  %y = ein.fold (%x[b, k], %v[k, d]) over [k] -> [b, b]
      : (!ein.tensor<[b, n], f32>, !ein.tensor<[n, d], f32>) -> !ein.tensor<[b, d], f32> init {
    %z = arith.constant 0.0 : f32
    ein.yield %z, %z : f32, f32
  } step {
  ^bb0(%m: f32, %s: f32, %xe: f32, %ve: f32):
    %p = arith.mulf %xe, %ve : f32
    %t = arith.addf %s, %p : f32
    ein.yield %m, %t : f32, f32
  } merge {
  ^bb0(%ma: f32, %sa: f32, %mb: f32, %sb: f32, %xe: f32, %ve: f32):
    %t = arith.addf %sa, %sb : f32
    ein.yield %ma, %t : f32, f32
  } finish {
  ^bb0(%m: f32, %s: f32, %xe: f32, %ve: f32):
    ein.yield %s : f32
  }
  return
}

// -----

func.func @fold_c3(%x: !ein.tensor<[b, n], f32>, %v: !ein.tensor<[n, d], f32>) {
  // expected-error @+2 {{no operand tells the extent of rank 'j': write `in EXTENT` behind it}}
  %y = ein.fold (%x[b, k], %v[k, d]) over [k, j] -> [b, d]
      : (!ein.tensor<[b, n], f32>, !ein.tensor<[n, d], f32>) -> !ein.tensor<[b, d], f32> init {
    %z = arith.constant 0.0 : f32
    ein.yield %z, %z : f32, f32
  } step {
  ^bb0(%m: f32, %s: f32, %xe: f32, %ve: f32):
    %p = arith.mulf %xe, %ve : f32
    %t = arith.addf %s, %p : f32
    ein.yield %m, %t : f32, f32
  } merge {
  ^bb0(%ma: f32, %sa: f32, %mb: f32, %sb: f32, %xe: f32, %ve: f32):
    %t = arith.addf %sa, %sb : f32
    ein.yield %ma, %t : f32, f32
  } finish {
  ^bb0(%m: f32, %s: f32, %xe: f32, %ve: f32):
    ein.yield %s : f32
  }
  return
}

// -----

func.func @fold_c3_empty(%x: !ein.tensor<[b, n], f32>, %v: !ein.tensor<[n, d], f32>) {
  // expected-error @+1 {{expected at least one folded rank, with its extent}}
  %y = ein.fold (%x[b, 0], %v[0, d]) over [] -> [b, d]
      : (!ein.tensor<[b, n], f32>, !ein.tensor<[n, d], f32>) -> !ein.tensor<[b, d], f32> init {
    %z = arith.constant 0.0 : f32
    ein.yield %z, %z : f32, f32
  } step {
  ^bb0(%m: f32, %s: f32, %xe: f32, %ve: f32):
    %p = arith.mulf %xe, %ve : f32
    %t = arith.addf %s, %p : f32
    ein.yield %m, %t : f32, f32
  } merge {
  ^bb0(%ma: f32, %sa: f32, %mb: f32, %sb: f32, %xe: f32, %ve: f32):
    %t = arith.addf %sa, %sb : f32
    ein.yield %ma, %t : f32, f32
  } finish {
  ^bb0(%m: f32, %s: f32, %xe: f32, %ve: f32):
    ein.yield %s : f32
  }
  return
}

// -----

func.func @fold_c4(%x: !ein.tensor<[b, n], f32>, %v: !ein.tensor<[n, d], f32>) {
  // expected-error @+1 {{expected step to yield ('f32', 'f32')}}
  %y = ein.fold (%x[b, k], %v[k, d]) over [k] -> [b, d]
      : (!ein.tensor<[b, n], f32>, !ein.tensor<[n, d], f32>) -> !ein.tensor<[b, d], f32> init {
    %z = arith.constant 0.0 : f32
    ein.yield %z, %z : f32, f32
  } step {
  ^bb0(%m: f32, %s: f32, %xe: f32, %ve: f32):
    ein.yield %s : f32
  } merge {
  ^bb0(%ma: f32, %sa: f32, %mb: f32, %sb: f32, %xe: f32, %ve: f32):
    %t = arith.addf %sa, %sb : f32
    ein.yield %ma, %t : f32, f32
  } finish {
  ^bb0(%m: f32, %s: f32, %xe: f32, %ve: f32):
    ein.yield %s : f32
  }
  return
}

// -----

func.func @fold_c4_finish(%x: !ein.tensor<[b, n], f32>, %v: !ein.tensor<[n, d], f32>) {
  // expected-error @+1 {{expected finish to yield ('f32')}}
  %y = ein.fold (%x[b, k], %v[k, d]) over [k] -> [b, d]
      : (!ein.tensor<[b, n], f32>, !ein.tensor<[n, d], f32>) -> !ein.tensor<[b, d], f32> init {
    %z = arith.constant 0.0 : f32
    ein.yield %z, %z : f32, f32
  } step {
  ^bb0(%m: f32, %s: f32, %xe: f32, %ve: f32):
    %p = arith.mulf %xe, %ve : f32
    %t = arith.addf %s, %p : f32
    ein.yield %m, %t : f32, f32
  } merge {
  ^bb0(%ma: f32, %sa: f32, %mb: f32, %sb: f32, %xe: f32, %ve: f32):
    %t = arith.addf %sa, %sb : f32
    ein.yield %ma, %t : f32, f32
  } finish {
  ^bb0(%m: f32, %s: f32, %xe: f32, %ve: f32):
    ein.yield %s, %s : f32, f32
  }
  return
}

// -----

func.func @fold_c5(%x: !ein.tensor<[b, n], f32>, %v: !ein.tensor<[n, d], f32>) {
  %y = ein.fold (%x[b, k], %v[k, d]) over [k] -> [b, d]
      : (!ein.tensor<[b, n], f32>, !ein.tensor<[n, d], f32>) -> !ein.tensor<[b, d], f32> init {
    %z = arith.constant 0.0 : f32
    ein.yield %z, %z : f32, f32
  } step {
  ^bb0(%m: f32, %s: f32, %xe: f32, %ve: f32):
    // expected-error @+1 {{'ein.index' op names rank 'q', which the fold does not have}}
    %i = ein.index "q"
    ein.yield %m, %s : f32, f32
  } merge {
  ^bb0(%ma: f32, %sa: f32, %mb: f32, %sb: f32, %xe: f32, %ve: f32):
    %t = arith.addf %sa, %sb : f32
    ein.yield %ma, %t : f32, f32
  } finish {
  ^bb0(%m: f32, %s: f32, %xe: f32, %ve: f32):
    ein.yield %s : f32
  }
  return
}

// -----

func.func @fold_c6(%x: !ein.tensor<[b, n], f32>, %v: !ein.tensor<[n, d], f32>) {
  // expected-error @+1 {{operand #0 is read along a folded rank, but finish uses it}}
  %y = ein.fold (%x[b, k], %v[k, d]) over [k] -> [b, d]
      : (!ein.tensor<[b, n], f32>, !ein.tensor<[n, d], f32>) -> !ein.tensor<[b, d], f32> init {
    %z = arith.constant 0.0 : f32
    ein.yield %z, %z : f32, f32
  } step {
  ^bb0(%m: f32, %s: f32, %xe: f32, %ve: f32):
    %p = arith.mulf %xe, %ve : f32
    %t = arith.addf %s, %p : f32
    ein.yield %m, %t : f32, f32
  } merge {
  ^bb0(%ma: f32, %sa: f32, %mb: f32, %sb: f32, %xe: f32, %ve: f32):
    %t = arith.addf %sa, %sb : f32
    ein.yield %ma, %t : f32, f32
  } finish {
  ^bb0(%m: f32, %s: f32, %xe: f32, %ve: f32):
    ein.yield %xe : f32
  }
  return
}

// -----

func.func @fold_c7(%x: !ein.tensor<[b, n], f32>, %v: !ein.tensor<[n, d], f32>) {
  // expected-error @+1 {{result #1 depends on operand #1, which has rank 'd', but the result has not}}
  %y:2 = ein.fold (%x[b, k], %v[k, d]) over [k] -> [b, d], [b]
      : (!ein.tensor<[b, n], f32>, !ein.tensor<[n, d], f32>) -> (!ein.tensor<[b, d], f32>, !ein.tensor<[b], f32>) init {
    %z = arith.constant 0.0 : f32
    ein.yield %z, %z : f32, f32
  } step {
  ^bb0(%m: f32, %s: f32, %xe: f32, %ve: f32):
    %p = arith.mulf %xe, %ve : f32
    %t = arith.addf %s, %p : f32
    ein.yield %m, %t : f32, f32
  } merge {
  ^bb0(%ma: f32, %sa: f32, %mb: f32, %sb: f32, %xe: f32, %ve: f32):
    %t = arith.addf %sa, %sb : f32
    ein.yield %ma, %t : f32, f32
  } finish {
  ^bb0(%m: f32, %s: f32, %xe: f32, %ve: f32):
    ein.yield %s, %s : f32, f32
  }
  return
}

// -----

func.func @fold_c8(%x: !ein.tensor<[n], f32>) {
  // expected-error @+1 {{operand #0: expected a value of type 'f32' behind 'else', but got 1 : i32}}
  %y = "ein.fold"(%x) <{ranks = ["k"], maps = [affine_map<(d0)[s0] -> (d0 + 1)>], coords = [""], symbols = [],
      extents = [#ein.extent<n>], labels = [array<i64>], fills = [1 : i32]}> ({
    %z = arith.constant 0.0 : f32
    "ein.yield"(%z) : (f32) -> ()
  }, {
  ^bb0(%s: f32, %xe: f32):
    %t = arith.addf %s, %xe : f32
    "ein.yield"(%t) : (f32) -> ()
  }, {
  ^bb0(%a: f32, %b: f32, %xe: f32):
    %t = arith.addf %a, %b : f32
    "ein.yield"(%t) : (f32) -> ()
  }, {
  ^bb0(%s: f32, %xe: f32):
    "ein.yield"(%s) : (f32) -> ()
  }) : (!ein.tensor<[n], f32>) -> !ein.tensor<[], f32>
  return
}
