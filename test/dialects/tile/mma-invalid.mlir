// RUN: einfall-opt %s --split-input-file --verify-diagnostics

#left = #tile.factor<row_warps = 2, column_warps = 4, left = true>
#right = #tile.factor<row_warps = 2, column_warps = 4, left = false>

func.func @lanes(%acc: tensor<32x64xf32, "lanes">, %a: tensor<32x16xbf16, #left>, %b: tensor<64x16xbf16, #right>) {
  // expected-error@below {{expected a fragment of f32 with rows and columns, but got 'tensor<32x64xf32, "lanes">'}}
  %0 = tile.mma %a, %b, %acc : tensor<32x16xbf16, #left>, tensor<64x16xbf16, #right>, tensor<32x64xf32, "lanes">
  return
}

// -----

#left = #tile.factor<row_warps = 2, column_warps = 4, left = true>
#right = #tile.factor<row_warps = 2, column_warps = 4, left = false>
#rows = #tile.fragment<row_warps = 2, column_warps = 4, columns = false>

func.func @columns(%acc: tensor<32xf32, #rows>, %a: tensor<32x16xbf16, #left>, %b: tensor<64x16xbf16, #right>) {
  // expected-error@below {{expected a fragment of f32 with rows and columns, but got}}
  %0 = tile.mma %a, %b, %acc : tensor<32x16xbf16, #left>, tensor<64x16xbf16, #right>, tensor<32xf32, #rows>
  return
}

// -----

#left = #tile.factor<row_warps = 2, column_warps = 4, left = true>
#right = #tile.factor<row_warps = 2, column_warps = 4, left = false>
#warps = #tile.fragment<row_warps = 2, column_warps = 4>

func.func @sums(%acc: tensor<32x64xbf16, #warps>, %a: tensor<32x16xbf16, #left>, %b: tensor<64x16xbf16, #right>) {
  // expected-error@below {{expected a fragment of f32 with rows and columns, but got}}
  %0 = tile.mma %a, %b, %acc : tensor<32x16xbf16, #left>, tensor<64x16xbf16, #right>, tensor<32x64xbf16, #warps>
  return
}

// -----

#right = #tile.factor<row_warps = 2, column_warps = 4, left = false>
#warps = #tile.fragment<row_warps = 2, column_warps = 4>

func.func @side(%acc: tensor<64x64xf32, #warps>, %b: tensor<64x16xbf16, #right>) {
  // expected-error@below {{expected a left factor of type 'tensor<64x16xbf16, #tile.factor<row_warps = 2, column_warps = 4, left = true>>', but got}}
  %0 = tile.mma %b, %b, %acc : tensor<64x16xbf16, #right>, tensor<64x16xbf16, #right>, tensor<64x64xf32, #warps>
  return
}

// -----

#left = #tile.factor<row_warps = 2, column_warps = 4, left = true>
#right = #tile.factor<row_warps = 2, column_warps = 4, left = false>
#warps = #tile.fragment<row_warps = 2, column_warps = 4>

func.func @depth(%acc: tensor<32x64xf32, #warps>, %a: tensor<32x16xbf16, #left>, %b: tensor<64x32xbf16, #right>) {
  // expected-error@below {{expected a right factor of type 'tensor<64x16xbf16, #tile.factor<row_warps = 2, column_warps = 4, left = false>>', but got}}
  %0 = tile.mma %a, %b, %acc : tensor<32x16xbf16, #left>, tensor<64x32xbf16, #right>, tensor<32x64xf32, #warps>
  return
}

// -----

#warps = #tile.fragment<row_warps = 2, column_warps = 4>

func.func @rank(%acc: tensor<32x64xf32, #warps>, %a: tensor<16xbf16>) {
  // expected-error@below {{expected factors of two dimensions, but got}}
  %0 = tile.mma %a, %a, %acc : tensor<16xbf16>, tensor<16xbf16>, tensor<32x64xf32, #warps>
  return
}
