// RUN: einfall-opt %s --split-input-file --verify-diagnostics

func.func @broadcast_places(%a: tensor<4xf32>) {
  // expected-error@below {{expected a place for each of 1 dimensions, but got 0}}
  %0 = tile.broadcast %a dims [] : tensor<4xf32> -> tensor<4x32xf32, "lanes">
  return
}

// -----

func.func @broadcast_size(%a: tensor<4xf32>) {
  // expected-error@below {{expected dimension 0 of 'tensor<8x32xf32, "lanes">' to be and to lie as dimension 0 of 'tensor<4xf32>'}}
  %0 = tile.broadcast %a dims [0] : tensor<4xf32> -> tensor<8x32xf32, "lanes">
  return
}

// -----

func.func @broadcast_lanes(%a: tensor<32xf32>) {
  // expected-error@below {{expected dimension 1 of 'tensor<8x32xf32, "lanes">' to be and to lie as dimension 0 of 'tensor<32xf32>'}}
  %0 = tile.broadcast %a dims [1] : tensor<32xf32> -> tensor<8x32xf32, "lanes">
  return
}

// -----

func.func @broadcast_order(%a: tensor<4x4xf32>) {
  // expected-error@below {{expected ascending places below 3, but got 1, 0}}
  %0 = tile.broadcast %a dims [1, 0] : tensor<4x4xf32> -> tensor<4x4x32xf32, "lanes">
  return
}

// -----

func.func @broadcast_elements(%a: f32) {
  // expected-error@below {{expected elements of one type, but got 'f32' and 'tensor<4xbf16>'}}
  %0 = tile.broadcast %a dims [] : f32 -> tensor<4xbf16>
  return
}

// -----

#rows = #tile.fragment<row_warps = 2, column_warps = 2, columns = false>
#other = #tile.fragment<row_warps = 4, column_warps = 1>

func.func @broadcast_grid(%a: tensor<64xf32, #rows>) {
  // expected-error@below {{expected one grid of warps}}
  %0 = tile.broadcast %a dims [0] : tensor<64xf32, #rows> -> tensor<64x64xf32, #other>
  return
}

// -----

func.func @reduce_kind(%a: tensor<32xf32, "lanes">) {
  // expected-error@below {{expected one of 'add', 'mul', 'max', 'min', 'or', 'and', but got 'frob'}}
  %0 = tile.reduce "frob" %a : tensor<32xf32, "lanes"> -> f32
  return
}

// -----

func.func @reduce_lanes(%a: tensor<32xf32>) {
  // expected-error@below {{expected lanes or columns, but got 'tensor<32xf32>'}}
  %0 = tile.reduce "add" %a : tensor<32xf32> -> f32
  return
}

// -----

func.func @reduce_bits(%a: tensor<32xf32, "lanes">) {
  // expected-error@below {{expected integers for or, but got 'tensor<32xf32, "lanes">'}}
  %0 = tile.reduce "or" %a : tensor<32xf32, "lanes"> -> f32
  return
}

// -----

func.func @reduce_result(%a: tensor<4x32xf32, "lanes">) {
  // expected-error@below {{expected a result of type 'tensor<4xf32>', but got 'tensor<32xf32, "lanes">'}}
  %0 = tile.reduce "add" %a : tensor<4x32xf32, "lanes"> -> tensor<32xf32, "lanes">
  return
}

// -----

func.func @iota(%i: index) {
  // expected-error@below {{expected integers along one dimension, but got 'tensor<2x32xindex, "lanes">'}}
  %0 = tile.iota %i : tensor<2x32xindex, "lanes">
  return
}

// -----

func.func @reduce_of_a_number(%a: f32) -> f32 {
  // expected-error @+1 {{expected a tile}}
  %0 = tile.reduce "add" %a : f32 -> f32
  return %0 : f32
}

// -----

func.func @reduce_of_memory(%a: memref<4xf32>) -> f32 {
  // expected-error @+1 {{expected a number or a tile of static shape}}
  %0 = tile.reduce "add" %a : memref<4xf32> -> f32
  return %0 : f32
}
