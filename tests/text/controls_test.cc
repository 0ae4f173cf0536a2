// What is shown to people steers no terminal.

#include <gtest/gtest.h>

#include <cstdio>
#include <string>

#include "latentdial/error.h"
#include "latentdial/text.h"
#include "text/utf8.h"

namespace latentdial::detail {
namespace {

TEST(EscapeControls, LeavesTextAsItIs) {
  for (const char* text :
       {"", "a dog", "café 猫 🐕 ﷽", "θ = 0.50", "\\x1b \"quoted\"", "\u00a0\u2027\u202f\u2065\u206a"})
    EXPECT_EQ(escape_controls(text), text);
}

TEST(EscapeControls, ShowsEveryControl) {
  for (char32_t point = 0; point < 0x2070; ++point) {
    const bool ascii = point < 0x20;
    const bool steers = ascii || (point >= 0x7f && point <= 0x9f) || point == 0x61c || point == 0x200e ||
                        point == 0x200f || (point >= 0x2028 && point <= 0x202e) ||
                        (point >= 0x2066 && point <= 0x2069);
    char wanted[8] = {};
    std::snprintf(wanted, sizeof wanted, ascii ? "\\x%02x" : "\\u%04x", static_cast<unsigned>(point));
    const std::string text = encode_utf8({&point, 1});
    EXPECT_EQ(escape_controls(text), steers ? std::string(wanted) : text)
        << std::hex << static_cast<unsigned>(point);
  }
  EXPECT_EQ(escape_controls("a\x1b]0;b\x07\r\n"), "a\\x1b]0;b\\x07\\x0d\\x0a");
}

TEST(EscapeControls, ShowsBytesThatAreNoCharacter) {
  EXPECT_EQ(escape_controls("a\x9b"
                            "31m\xff\xe7\x8c"),
            "a\\x9b31m\\xff\\xe7\\x8c");
  EXPECT_EQ(single_line("\x9b\xc2\x9b\n"), "\\x9b\\u009b\\x0a");
}

}  // namespace
}  // namespace latentdial::detail
