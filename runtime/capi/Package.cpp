//===- Package.cpp - C interface: packages --------------------------------===//
#include "Handles.h"
#include "core/ThreadPool.h"

using namespace einfall::rt;

static thread_local std::string lastError;

einf_status einfall::rt::report(const Status &status) {
  if (!status.ok())
    lastError = status.message();
  return einf_status(status.code());
}

extern "C" {

uint32_t einf_api_version(void) { return EINF_API_VERSION; }

const char *einf_last_error(void) { return lastError.c_str(); }

const char *einf_dtype_name(einf_dtype dtype) {
  return unsigned(dtype) < kDTypeCount ? nameOf(DType(dtype)).data() : "?";
}

size_t einf_dtype_size(einf_dtype dtype) {
  return unsigned(dtype) < kDTypeCount ? byteWidth(DType(dtype)) : 0;
}

uint32_t einf_set_num_threads(uint32_t threads) {
  ThreadPool &pool = ThreadPool::process();
  if (threads != 0 && threads != pool.threads())
    pool.resize(threads);
  return pool.threads();
}

int32_t einf_pin_threads(int32_t pin) {
  ThreadPool &pool = ThreadPool::process();
  if ((pin == 0 || pin == 1) && pool.pinned() != (pin == 1))
    pool.pin(pin == 1);
  return pool.pinned();
}

einf_status einf_package_open(const char *path, einf_package **out) {
  return guarded([&]() -> Status {
    if (!path || !out)
      return invalidArgument("einf_package_open: an argument is null");
    *out = nullptr;
    auto package = Package::open(path);
    if (!package)
      return package.status();
    auto handle = std::make_unique<einf_package>();
    handle->package = *package;
    auto json = (*package)->file(kManifestJson);
    handle->manifestJson.assign(reinterpret_cast<const char *>(json.data()), json.size());
    for (const EntryInfo &entry : (*package)->manifest().entries) {
      auto &shapes = handle->shapes.emplace_back();
      for (const BufferInfo &buffer : entry.buffers)
        shapes.push_back(shapeToString(buffer.shape, symbolNames(entry)));
    }
    *out = handle.release();
    return {};
  });
}

void einf_package_close(einf_package *package) { delete package; }

einf_status einf_package_verify(const einf_package *package) {
  return guarded([&]() -> Status {
    if (!package)
      return invalidArgument("einf_package_verify: the package is null");
    return package->package->verify();
  });
}

const char *einf_package_manifest(const einf_package *package) {
  return package ? package->manifestJson.c_str() : nullptr;
}

const char *einf_package_metadata(const einf_package *package, const char *key) {
  if (!package || !key)
    return nullptr;
  const std::string *value = package->package->manifest().findMetadata(key);
  return value ? value->c_str() : nullptr;
}

const char *einf_package_file(const einf_package *package, const char *name, size_t *size) {
  if (!package || !name)
    return nullptr;
  std::span<const std::byte> bytes = package->package->file(name);
  if (size)
    *size = bytes.size();
  return reinterpret_cast<const char *>(bytes.data());
}

size_t einf_entry_count(const einf_package *package) {
  return package ? package->package->manifest().entries.size() : 0;
}

const char *einf_entry_name(const einf_package *package, size_t entry) {
  return entry < einf_entry_count(package)
             ? package->package->manifest().entries[entry].name.c_str()
             : nullptr;
}

size_t einf_buffer_count(const einf_package *package, size_t entry) {
  return entry < einf_entry_count(package) ? package->shapes[entry].size() : 0;
}

einf_status einf_buffer_get(const einf_package *package, size_t entry, size_t buffer,
                            einf_buffer_info *info) {
  return guarded([&]() -> Status {
    if (!info || buffer >= einf_buffer_count(package, entry))
      return invalidArgument("einf_buffer_get: there is no such buffer");
    const BufferInfo &source = package->package->manifest().entries[entry].buffers[buffer];
    *info = {source.name.c_str(), package->shapes[entry][buffer].c_str(),
             einf_buffer_kind(source.kind), einf_dtype(source.dtype), int32_t(source.shape.size())};
    return {};
  });
}

} // extern "C"
