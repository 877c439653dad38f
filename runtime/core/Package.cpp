//===- Package.cpp - An opened .einf file ---------------------------------===//
#include "Package.h"
#include "Cpu.h"

#include <algorithm>

namespace einfall::rt {
namespace {

/// The files must be the canonical ones of the manifest, in order.
Status checkFiles(const std::vector<ArchiveEntry> &entries, const Manifest &manifest) {
  std::vector<std::string> want = {std::string(kManifestBin), std::string(kManifestJson)};
  for (const TargetInfo &target : manifest.targets)
    want.push_back("code/" + target.name + ".so");
  for (std::string_view side : kSideFiles)
    for (const ArchiveEntry &entry : entries)
      if (entry.name == side) {
        want.emplace_back(side);
        break;
      }
  want.emplace_back(kWeightsData);
  bool same = std::equal(want.begin(), want.end(), entries.begin(), entries.end(),
                         [](const auto &a, const auto &b) { return a == b.name; });
  return same ? Status()
              : badPackage("the package's list of files is not "
                           "canonical");
}

bool needsAmx(const TargetInfo &target) {
  return std::any_of(target.features.begin(), target.features.end(),
                     [](const std::string &feature) { return feature.starts_with("amx-"); });
}

} // namespace

Result<std::shared_ptr<Package>> Package::open(const std::string &path) {
  std::shared_ptr<Package> package(new Package);
  package->path_ = path;
  auto named = [&](const Status &status) {
    return Status(status.code(), path + ": " + status.message());
  };
  Result<MappedFile> map = MappedFile::open(path);
  if (!map)
    return map.status();
  package->map_ = std::move(*map);
  auto entries = parseArchive(package->map_.bytes());
  if (!entries)
    return named(entries.status());
  package->entries_ = std::move(*entries);
  auto manifest = decodeManifest(package->file(kManifestBin));
  if (!manifest)
    return named(manifest.status());
  package->manifest_ = std::move(*manifest);
  Status status = checkFiles(package->entries_, package->manifest_);
  if (status.ok())
    status = validate(package->manifest_, package->entries_.back().size);
  if (!status.ok())
    return named(status);
  return package;
}

std::span<const std::byte> Package::file(std::string_view name) const {
  for (const ArchiveEntry &entry : entries_)
    if (entry.name == name)
      return map_.bytes().subspan(entry.offset, entry.size);
  return {};
}

std::span<const std::byte> Package::weight(size_t index) const {
  const WeightInfo &info = manifest_.weights[index];
  return map_.bytes().subspan(entries_.back().offset + info.offset, info.size);
}

Status Package::verify() const {
  uint64_t end = 0;
  std::span<const std::byte> data = file(kWeightsData);
  for (size_t i = 0; i < manifest_.weights.size(); ++i) {
    const WeightInfo &info = manifest_.weights[i];
    for (std::byte pad : data.subspan(end, info.offset - end))
      if (pad != std::byte(0))
        return badPackage(path_ + ": weights/data is damaged before '" + info.name + "'");
    end = info.offset + info.size;
    std::span<const std::byte> bytes = weight(i);
    for (size_t chunk = 0; chunk < info.checksums.size(); ++chunk) {
      size_t at = chunk * kWeightChunk;
      size_t size = std::min<size_t>(kWeightChunk, bytes.size() - at);
      if (checksum64(bytes.subspan(at, size)) != info.checksums[chunk])
        return badPackage(path_ + ": weight '" + info.name + "' is damaged (bytes " +
                          std::to_string(at) + " to " + std::to_string(at + size) + ")");
    }
  }
  return {};
}

Status Package::loadCode() {
  Result<CpuReport> cpu = effectiveCpu();
  if (!cpu)
    return cpu.status();
  Result<size_t> pick = pickTarget(manifest_.targets, *cpu);
  if (pick && needsAmx(manifest_.targets[*pick]) && !requestAmx()) {
    std::erase_if(cpu->features,
                  [](const std::string &feature) { return feature.starts_with("amx-"); });
    pick = pickTarget(manifest_.targets, *cpu);
  }
  if (!pick)
    return Status(pick.status().code(), path_ + ": " + pick.status().message());
  const TargetInfo &target = manifest_.targets[*pick];
  auto code =
      Code::load(file("code/" + target.name + ".so"), target, manifest_.entriesOf(target.name));
  if (!code)
    return Status(code.status().code(), path_ + ": " + code.status().message());
  code_ = std::move(*code);
  target_ = target.name;
  return {};
}

Result<const Code *> Package::code() {
  std::lock_guard lock(mutex_);
  if (!code_)
    EINF_TRY(loadCode());
  return static_cast<const Code *>(code_.get());
}

Result<std::shared_ptr<Program>> Package::program(Device &device) {
  std::lock_guard lock(programsMutex_);
  std::weak_ptr<Program> &known = programs_[device.name()];
  std::shared_ptr<Program> program = known.lock();
  if (!program) {
    Result<std::shared_ptr<Program>> loaded = device.load(*this);
    if (!loaded)
      return loaded.status();
    program = std::move(*loaded);
    known = program;
  }
  std::lock_guard targetLock(mutex_);
  target_ = program->target();
  return program;
}

std::string Package::chosenTarget() const {
  std::lock_guard lock(mutex_);
  return target_;
}

} // namespace einfall::rt
