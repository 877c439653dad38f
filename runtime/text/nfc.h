//===- nfc.h - Unicode normalization form C ------------------------------===//
#ifndef EINFALL_TEXT_NFC_H
#define EINFALL_TEXT_NFC_H

#include <string>
#include <string_view>

namespace einfall::text {

/// The NFC form of valid UTF-8, with the tables of the tokenizers library.
std::string toNfc(std::string_view text);

} // namespace einfall::text

#endif
