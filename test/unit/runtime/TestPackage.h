//===- TestPackage.h - Small packages for the tests -----------------------===//
#ifndef EINFALL_TEST_RUNTIME_TESTPACKAGE_H
#define EINFALL_TEST_RUNTIME_TESTPACKAGE_H

#include "Package/Writer.h"
#include "core/Package.h"

#include <string>

namespace einfall::test {

/// A folder of this test process that goes away at its end.
std::string temporaryPath(const std::string &name);

std::string readFile(const std::string &path);
void writeFile(const std::string &path, const std::string &content);

/// The shared object that compiling `source` gives.
std::string compile(const std::string &source, const std::string &flags = "");

/// A toy language model: state slots[b, c] keep the ids, and the next token is
/// the sum of a row's ids so far, modulo 7, plus weight `bias` (0). Entry
/// `scale(x: f32[n]) -> f32[n]` gives x * w[0] through a temporary.
package::PackageSpec toySpec();

/// toySpec(), written once to a file of this process.
const std::string &toyPackage();

/// Opens it; fails the test if that fails.
std::shared_ptr<rt::Package> openToy();

} // namespace einfall::test
#endif
