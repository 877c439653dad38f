//===- Safetensors.cpp - Weights of a checkpoint, mapped ------------------===//
#include "lib/Driver/Safetensors.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"

using namespace llvm;

namespace einfall {

template <typename... Args> static Error fail(const char *format, Args... args) {
  return createStringError(inconvertibleErrorCode(), format, args...);
}

/// Whether brackets nest deeper than those of a header do; parsing recurses.
static bool nestsDeeply(StringRef json) {
  unsigned depth = 0;
  bool quoted = false;
  for (size_t i = 0; i < json.size() && depth < 16; ++i) {
    char c = json[i];
    if (c == '\\' && quoted)
      ++i;
    else if (c == '"')
      quoted = !quoted;
    else if (!quoted && (c == '{' || c == '['))
      ++depth;
    else if (!quoted && (c == '}' || c == ']') && depth > 0)
      --depth;
  }
  return depth >= 16;
}

Error Safetensors::add(StringRef file) {
  auto buffer = MemoryBuffer::getFile(file, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!buffer)
    return fail("cannot read '%s': %s", file.str().c_str(), buffer.getError().message().c_str());
  StringRef bytes = (*buffer)->getBuffer();
  uint64_t length = bytes.size() < 8 ? 0 : support::endian::read64le(bytes.data());
  if (bytes.size() < 8 || length > bytes.size() - 8)
    return fail("'%s' is not a safetensors file: its header is cut off", file.str().c_str());
  if (nestsDeeply(bytes.substr(8, length)))
    return fail("'%s' is not a safetensors file: its header nests too deeply", file.str().c_str());
  Expected<json::Value> header = json::parse(bytes.substr(8, length));
  if (!header)
    return fail("'%s' is not a safetensors file: %s", file.str().c_str(),
                llvm::toString(header.takeError()).c_str());
  StringRef data = bytes.drop_front(8 + length);
  const json::Object *object = header->getAsObject();
  if (!object)
    return fail("'%s' is not a safetensors file: its header is no object", file.str().c_str());
  for (const auto &[key, value] : *object) {
    if (key == "__metadata__")
      continue;
    Tensor tensor;
    tensor.file = file.str();
    const json::Object *entry = value.getAsObject();
    const json::Array *shape = entry ? entry->getArray("shape") : nullptr;
    const json::Array *offsets = entry ? entry->getArray("data_offsets") : nullptr;
    auto dtype = entry ? entry->getString("dtype") : std::nullopt;
    if (!shape || !offsets || !dtype || offsets->size() != 2)
      return fail("'%s': the header entry of '%s' is malformed", file.str().c_str(),
                  StringRef(key).str().c_str());
    tensor.dtype = dtype->str();
    for (const json::Value &size : *shape)
      tensor.shape.push_back(size.getAsInteger().value_or(-1));
    int64_t from = (*offsets)[0].getAsInteger().value_or(-1);
    int64_t to = (*offsets)[1].getAsInteger().value_or(-1);
    if (from < 0 || to < from || static_cast<uint64_t>(to) > data.size())
      return fail("'%s': the data of '%s' lies outside of the file", file.str().c_str(),
                  StringRef(key).str().c_str());
    tensor.data = ArrayRef<char>(data.data() + from, to - from);
    tensors[key.str()] = std::move(tensor);
  }
  files.push_back(std::move(*buffer));
  return Error::success();
}

Expected<Safetensors> Safetensors::open(StringRef path) {
  Safetensors result;
  if (!sys::fs::is_directory(path)) {
    if (Error error = result.add(path))
      return std::move(error);
    return std::move(result);
  }
  std::error_code code;
  std::vector<std::string> found;
  for (sys::fs::directory_iterator it(path, code), end; it != end && !code; it.increment(code))
    if (StringRef(it->path()).ends_with(".safetensors"))
      found.push_back(it->path());
  llvm::sort(found);
  if (found.empty())
    return fail("'%s' holds no .safetensors file", path.str().c_str());
  for (const std::string &file : found)
    if (Error error = result.add(file))
      return std::move(error);
  return std::move(result);
}

const Safetensors::Tensor *Safetensors::find(StringRef name) const {
  auto it = tensors.find(name);
  return it == tensors.end() ? nullptr : &it->second;
}

} // namespace einfall
