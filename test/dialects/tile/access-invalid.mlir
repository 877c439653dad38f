// RUN: einfall-opt %s --split-input-file --verify-diagnostics

func.func @load_strides(%b: memref<?xf32>, %i: index) {
  // expected-error@below {{expected 1 strides, but got 0}}
  %0 = tile.load %b[%i] strides[] : memref<?xf32> -> tensor<32xf32, "lanes">
  return
}

// -----

func.func @store_strides(%v: f32, %b: memref<?xf32>, %i: index) {
  // expected-error@below {{expected 0 strides, but got 1}}
  tile.store %v, %b[%i] strides[%i] : f32, memref<?xf32>
  return
}

// -----

func.func @store_limit(%v: tensor<4xf32>, %b: memref<?xf32>, %i: index) {
  // expected-error@below {{a limit counts lanes, but 'tensor<4xf32>' has none}}
  tile.store %v, %b[%i] strides[%i] limit %i : tensor<4xf32>, memref<?xf32>
  return
}

// -----

func.func @store_mask(%v: tensor<4xf32>, %m: tensor<2xi1>, %b: memref<?xf32>, %i: index) {
  // expected-error@below {{expected a mask of type 'tensor<4xi1>', but got 'tensor<2xi1>'}}
  tile.store %v, %b[%i] strides[%i] where %m : tensor<2xi1> : tensor<4xf32>, memref<?xf32>
  return
}

// -----

func.func @picks_of_some(%b: memref<?xf32>, %i: index) {
  // expected-error@below {{expected picks of whole elements along lanes, with nothing left out}}
  %0 = tile.load %b[%i] strides[%i] limit %i picks [0, 0] : memref<?xf32> -> tensor<2xf32, "lanes">
  return
}

// -----

func.func @picks_before(%b: memref<?xf32>, %i: index) {
  // expected-error@below {{expected the place of each lane's element, but got array<i64: 0, -1>}}
  %0 = tile.load %b[%i] strides[%i] picks [0, -1] : memref<?xf32> -> tensor<2xf32, "lanes">
  return
}

// -----

func.func @load_elements(%b: memref<?xf32>, %i: index) {
  // expected-error@below {{expected elements of 'f32' or integers of their bits, but got 'bf16'}}
  %0 = tile.load %b[%i] strides[] : memref<?xf32> -> bf16
  return
}

// -----

func.func @load_narrow(%b: memref<?xf32>, %i: index) {
  // expected-error@below {{expected elements of 'f32' or integers of their bits, but got 'i16'}}
  %0 = tile.load %b[%i] strides[] : memref<?xf32> -> i16
  return
}

// -----

func.func @dynamic(%b: memref<?xf32>, %i: index) {
  // expected-error@below {{expected a number or a tile of static shape, but got 'tensor<?xf32>'}}
  %0 = tile.load %b[%i] strides[%i] : memref<?xf32> -> tensor<?xf32>
  return
}

// -----

func.func @gather_offsets(%b: memref<?xf32>, %o: tensor<8xindex, "lanes">, %m: tensor<32xi1, "lanes">) {
  // expected-error@below {{expected an offset for each element of 'tensor<32xf32, "lanes">', but got 'tensor<8xindex, "lanes">'}}
  %0 = tile.gather %b[%o] where %m : memref<?xf32>, tensor<8xindex, "lanes">, tensor<32xi1, "lanes"> -> tensor<32xf32, "lanes">
  return
}

// -----

func.func @scatter_mask(%v: tensor<8xf32>, %b: memref<?xf32>, %o: tensor<8xindex>, %m: tensor<8xi32>) {
  // expected-error@below {{expected a mask of type 'tensor<8xi1>', but got 'tensor<8xi32>'}}
  tile.scatter %v, %b[%o] where %m : tensor<8xf32>, memref<?xf32>, tensor<8xindex>, tensor<8xi32>
  return
}

// -----

func.func @local() {
  // expected-error@below {{expected memory of static size, but got 'memref<?xf32>'}}
  %0 = tile.local : memref<?xf32>
  return
}

// -----

func.func @wait() {
  // expected-error@below {{expected a number of groups, but got -1}}
  tile.wait -1
  return
}
