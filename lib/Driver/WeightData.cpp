//===- WeightData.cpp - Weights as a package stores them ------------------===//
#include "lib/Driver/WeightData.h"
#include "llvm/ADT/SmallVector.h"
#include <cstring>

using namespace llvm;

namespace einfall {
namespace {

/// Rows that are copied together where elements of neighbouring rows are neighbours in the source:
/// a line is read once for so many.
constexpr int64_t kRows = 32;

/// A tensor in the order of its destination, where it lies.
struct Strided {
  ArrayRef<char> data;
  SmallVector<int64_t> shape, strides; // in elements, of the destination's dimensions

  /// The place of the first element of row `row`; rows are of the last dimension.
  int64_t placeOf(int64_t row) const {
    int64_t place = 0;
    for (size_t i = shape.size() - 1; i-- > 0;) {
      place += row % shape[i] * strides[i];
      row /= shape[i];
    }
    return place;
  }

  template <size_t width> void copy(int64_t begin, int64_t end, std::byte *out) const {
    const int64_t length = shape.back(), step = strides.back();
    const int64_t neighbours = shape[shape.size() - 2], across = strides[shape.size() - 2];
    for (int64_t at = begin; at < end;) {
      int64_t row = at / length, from = at % length, rows = 1;
      int64_t count = std::min(length - from, end - at);
      if (count == length)
        rows = std::min({kRows, (end - at) / length, neighbours - row % neighbours});
      const char *source = data.data() + (placeOf(row) + from * step) * int64_t(width);
      for (int64_t i = 0; i < count; ++i)
        for (int64_t r = 0; r < rows; ++r)
          std::memcpy(out + (r * length + i) * width,
                      source + (r * across + i * step) * int64_t(width), width);
      out += rows * count * width;
      at += rows * count;
    }
  }
};

} // namespace

package::WeightProducer copyFrom(ArrayRef<char> data) {
  return [data](uint64_t offset, std::span<std::byte> out, std::string &error) {
    if (offset + out.size() > data.size()) {
      error = "the weight is shorter than its type says";
      return false;
    }
    std::memcpy(out.data(), data.data() + offset, out.size());
    return true;
  };
}

package::WeightProducer copyInOrder(ArrayRef<char> data, size_t width, ArrayRef<int64_t> shape,
                                    ArrayRef<int64_t> order, ArrayRef<int64_t> panels) {
  if (shape.size() < 2)
    return copyFrom(data);
  Strided tensor{data, SmallVector<int64_t>(shape), SmallVector<int64_t>(shape.size())};
  SmallVector<int64_t> placeOf(shape.size());
  for (size_t i = 0; i < shape.size(); ++i)
    placeOf[order.empty() ? i : order[i]] = i;
  int64_t stride = 1;
  for (int64_t i : reverse(placeOf)) {
    tensor.strides[i] = stride;
    stride *= shape[i];
  }
  if (!panels.empty()) {
    const int64_t column = panels[0], depth = 1 - column, columns = panels[1], group = panels[2];
    const int64_t across = tensor.strides[column], along = tensor.strides[depth];
    tensor.shape = {shape[column] / columns, shape[depth] / group, columns, group};
    tensor.strides = {across * columns, along * group, across, along};
    // A group of neighbours is one element.
    if (along == 1 && across % group == 0 && width * group <= 8) {
      tensor.shape.pop_back();
      tensor.strides = {across / group * columns, 1, across / group};
      width *= group;
    }
  }
  return [tensor, width](uint64_t offset, std::span<std::byte> out, std::string &error) {
    if (offset + out.size() > tensor.data.size()) {
      error = "the weight is shorter than its type says";
      return false;
    }
    const int64_t begin = offset / width, end = (offset + out.size()) / width;
    switch (width) {
    case 1:
      tensor.copy<1>(begin, end, out.data());
      return true;
    case 2:
      tensor.copy<2>(begin, end, out.data());
      return true;
    case 4:
      tensor.copy<4>(begin, end, out.data());
      return true;
    case 8:
      tensor.copy<8>(begin, end, out.data());
      return true;
    }
    error = "elements of " + std::to_string(width) + " bytes have no other order";
    return false;
  };
}

} // namespace einfall
