//===- Npy.cpp - Tensors as .npy files ------------------------------------===//
#include "lib/Reference/Npy.h"
#include "mlir/IR/Builders.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"
#include <cstring>

using namespace mlir;
using llvm::createStringError;

namespace einfall::reference {

namespace {
/// What stands in front of the data.
struct Header {
  char kind = 0; // f, i, u, b, V
  unsigned size = 0;
  SmallVector<int64_t> shape;
  StringRef data;
};
} // namespace

/// What follows `'key':` in the header's dictionary.
static StringRef valueOf(StringRef dictionary, StringRef key) {
  size_t at = dictionary.find(("'" + key + "':").str());
  return at == StringRef::npos ? StringRef() : dictionary.drop_front(at + key.size() + 3).ltrim();
}

static llvm::Expected<Header> readHeader(StringRef path, StringRef file) {
  auto damaged = [&](const char *what) {
    return createStringError("%s: %s", path.str().c_str(), what);
  };
  if (file.size() < 12 || !file.starts_with("\x93NUMPY"))
    return damaged("not a .npy file");
  bool wide = file[6] >= 2;
  size_t start = wide ? 12 : 10, length = 0;
  std::memcpy(&length, file.data() + 8, wide ? 4 : 2);
  if (length > file.size() - start)
    return damaged("the header is cut off");
  StringRef dictionary = file.substr(start, length);
  Header header;
  header.data = file.drop_front(start + length);
  StringRef descr = valueOf(dictionary, "descr");
  if (!descr.consume_front("'") || descr.size() < 3 || descr[0] == '>')
    return damaged("expected little-endian elements of a plain type");
  header.kind = descr[1];
  StringRef digits = descr.drop_front(2).take_while(llvm::isDigit);
  if (digits.getAsInteger(10, header.size) || header.size > 8 || !llvm::isPowerOf2_32(header.size))
    return damaged("expected elements of 1, 2, 4 or 8 bytes");
  StringRef shape = valueOf(dictionary, "shape");
  if (!shape.consume_front("("))
    return damaged("the header has no shape");
  SmallVector<StringRef> parts;
  shape.take_until([](char c) { return c == ')'; }).split(parts, ',', -1, false);
  for (StringRef part : parts) {
    int64_t extent;
    if (part.trim().empty())
      continue;
    if (part.trim().getAsInteger(10, extent) || extent < 0 ||
        (extent > 0 && countOf(header.shape) > (int64_t(1) << 40) / extent))
      return damaged("the header's shape is not one");
    header.shape.push_back(extent);
  }
  if (valueOf(dictionary, "fortran_order").starts_with("True") && header.shape.size() > 1)
    return damaged("column-major order: save numpy.ascontiguousarray of it");
  if (header.data.size() < static_cast<size_t>(countOf(header.shape)) * header.size)
    return damaged("the data is cut off");
  return header;
}

static Type typeOf(char kind, unsigned size, MLIRContext *context) {
  Builder builder(context);
  if (kind != 'f')
    return builder.getIntegerType(size * 8);
  return size == 2 ? builder.getF16Type() : size == 4 ? builder.getF32Type() : builder.getF64Type();
}

llvm::Expected<Tensor> readNpy(StringRef path, Type element, Mode mode) {
  auto file = llvm::MemoryBuffer::getFile(path, /*IsText=*/false,
                                          /*RequiresNullTerminator=*/false);
  if (!file)
    return createStringError("%s: %s", path.str().c_str(), file.getError().message().c_str());
  llvm::Expected<Header> header = readHeader(path, (*file)->getBuffer());
  if (!header)
    return header.takeError();
  bool isFloat = isa<FloatType>(element), floats = header->kind == 'f';
  bool asBits = isFloat && !floats && header->size == bytesOf(element);
  if (isFloat ? !(asBits || (floats && header->size >= 2))
              : !StringRef("iub").contains(header->kind)) {
    std::string type;
    llvm::raw_string_ostream(type) << element;
    return createStringError("%s: elements of NumPy kind '%c', %u bytes, do not hold %s",
                             path.str().c_str(), header->kind, header->size, type.c_str());
  }
  Type stored = asBits ? element : typeOf(header->kind, header->size, element.getContext());
  Tensor tensor =
      Tensor::ofBytes(header->shape, stored, ArrayRef(header->data.data(), header->data.size()));
  tensor.element = element;
  Format format = formatOf(element, mode);
  for (Scalar &value : tensor.data) {
    if (isFloat)
      value.f = roundTo(value.f, format);
    else
      value.i = wrap(element.isInteger(1) ? value.i != 0 : value.i, widthOf(element));
  }
  return tensor;
}

llvm::Error writeNpy(StringRef path, const Tensor &tensor, Mode mode) {
  Builder builder(tensor.element.getContext());
  Type stored = tensor.element;
  if (tensor.isFloat() && (mode == Mode::f64 || stored.isF64()))
    stored = builder.getF64Type();
  else if (tensor.isFloat() && !stored.isF16())
    stored = builder.getF32Type();
  unsigned size = bytesOf(stored);
  char kind = tensor.isFloat() ? 'f' : stored.isInteger(1) ? 'b' : 'i';
  std::string header = llvm::formatv("{{'descr': '{0}{1}{2}', 'fortran_order': False, 'shape': (",
                                     size == 1 ? '|' : '<', kind, size);
  for (int64_t extent : tensor.shape)
    header += std::to_string(extent) + ", ";
  header += "), }";
  header.resize((header.size() + 11 + 63) / 64 * 64 - 11, ' ');
  header += '\n';
  std::error_code error;
  llvm::raw_fd_ostream os(path, error);
  if (error)
    return createStringError("%s: %s", path.str().c_str(), error.message().c_str());
  uint16_t length = header.size();
  os << StringRef("\x93NUMPY\x01\x00", 8);
  os.write(reinterpret_cast<const char *>(&length), 2);
  os << header;
  for (Scalar value : tensor.data) {
    uint64_t bits = tensor.isFloat() ? toBits(value.f, stored) : value.i;
    os.write(reinterpret_cast<const char *>(&bits), size);
  }
  os.close();
  if (os.has_error()) {
    std::string message = os.error().message();
    os.clear_error();
    return createStringError("%s: %s", path.str().c_str(), message.c_str());
  }
  return llvm::Error::success();
}

} // namespace einfall::reference
